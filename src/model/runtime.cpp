#include "model/runtime.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.hpp"

namespace gyre {

namespace fs = std::filesystem;

// $GYRE_ONNXRUNTIME and nothing else when it is set; else beside the program, in ../lib, where the build found it, and
// where the system looks.
static std::vector<std::string> places() {
  if (const char* given = std::getenv("GYRE_ONNXRUNTIME"); given && *given) return {given};
  std::vector<std::string> list;
  std::error_code error;
  if (auto program = fs::read_symlink("/proc/self/exe", error); !error) {
    list.push_back(program.parent_path() / "libonnxruntime.so.1");
    list.push_back((program.parent_path().parent_path() / "lib" / "libonnxruntime.so.1"));
  }
  list.push_back(GYRE_ONNXRUNTIME_LIB);
  list.push_back("libonnxruntime.so.1");
  return list;
}

static const OrtApi* open_api() {
  std::string tried;
  for (auto& place : places()) {
    // Never closed: its threads and thread-locals outlive any one session.
    void* library = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      tried += "\n  ";
      tried += ::dlerror();
      continue;
    }
    auto* base = reinterpret_cast<const OrtApiBase* (*)()>(::dlsym(library, "OrtGetApiBase"));
    const OrtApi* api = base ? base()->GetApi(ORT_API_VERSION) : nullptr;
    if (api) return api;
    tried += "\n  " + place + ": is too old; its API " + std::to_string(ORT_API_VERSION) + " is needed";
  }
  throw Error(Code::unavailable, "ONNX Runtime cannot be loaded:" + tried,
              "set GYRE_ONNXRUNTIME to a libonnxruntime.so.1 of 1.21 or newer");
}

// ONNX Runtime reports its use to its makers unless told not to. Gyre tells nobody anything: set before any thread
// runs, because the library reads it when it is loaded.
[[maybe_unused]] static const int no_telemetry = ::setenv("ORT_DISABLE_TELEMETRY", "1", 1);

Ort::Env& onnx_runtime() {
  static Ort::Env env = [] {
    Ort::InitApi(open_api());
    return Ort::Env(ORT_LOGGING_LEVEL_FATAL, "gyre");
  }();
  return env;
}

namespace {
struct TypeRow {
  DataType ours;
  ONNXTensorElementDataType theirs;
};
}  // namespace
static constexpr TypeRow types[] = {
    {DataType::u8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},    {DataType::i8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},
    {DataType::i16, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16},   {DataType::i32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},
    {DataType::i64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},   {DataType::f32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},
    {DataType::f64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE},  {DataType::boolean, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL},
    {DataType::text, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING}, {DataType::u16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16},
    {DataType::u32, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32},  {DataType::u64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64},
    {DataType::f16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16}, {DataType::bf16, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16}};

DataType type_from(ONNXTensorElementDataType type, std::string_view name) {
  for (auto& row : types)
    if (row.theirs == type) return row.ours;
  throw Error(Code::unsupported, "\"" + std::string(name) + "\" is of ONNX element type " + std::to_string(type) +
                                     ", which models here cannot take or give");
}

ONNXTensorElementDataType type_to(DataType type) {
  for (auto& row : types)
    if (row.ours == type) return row.theirs;
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

}  // namespace gyre

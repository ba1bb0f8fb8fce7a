#include "learn/boosting/lightgbm.hpp"

#include <dlfcn.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/process.hpp"

namespace gyre {

namespace {

// The functions that are used, as LightGBM's c_api.h declares them (4.x; they have been the same since 2.3).
struct Library {
  const char* (*GetLastError)();
  int (*RegisterLogCallback)(void (*)(const char*));
  int (*DatasetCreateFromMat)(const void*, int, std::int32_t, std::int32_t, int, const char*, void*, void**);
  int (*DatasetCreateFromSampledColumn)(double**, int**, std::int32_t, const int*, std::int32_t, std::int32_t,
                                        std::int64_t, const char*, void**);
  int (*DatasetCreateByReference)(void*, std::int64_t, void**);
  int (*DatasetPushRows)(void*, const void*, int, std::int32_t, std::int32_t, std::int32_t);
  int (*DatasetSetField)(void*, const char*, const void*, int, int);
  int (*DatasetFree)(void*);
  int (*BoosterCreate)(void*, const char*, void**);
  int (*BoosterFree)(void*);
  int (*BoosterAddValidData)(void*, void*);
  int (*BoosterUpdateOneIter)(void*, int*);
  int (*BoosterGetEvalCounts)(void*, int*);
  int (*BoosterGetEval)(void*, int, int*, double*);
  int (*BoosterGetNumPredict)(void*, int, std::int64_t*);
  int (*BoosterGetPredict)(void*, int, std::int64_t*, double*);
  int (*BoosterSaveModelToString)(void*, int, int, int, std::int64_t, std::int64_t*, char*);

  explicit Library(void* handle) {
    auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
          ::dlsym(handle, (std::string("LGBM_") + name).c_str()));
      if (!function)
        throw Error(Code::unavailable, std::string("this LightGBM has no LGBM_") + name, "version 4 is needed");
    };
    find(GetLastError, "GetLastError");
    find(RegisterLogCallback, "RegisterLogCallback");
    find(DatasetCreateFromMat, "DatasetCreateFromMat");
    find(DatasetCreateFromSampledColumn, "DatasetCreateFromSampledColumn");
    find(DatasetCreateByReference, "DatasetCreateByReference");
    find(DatasetPushRows, "DatasetPushRows");
    find(DatasetSetField, "DatasetSetField");
    find(DatasetFree, "DatasetFree");
    find(BoosterCreate, "BoosterCreate");
    find(BoosterFree, "BoosterFree");
    find(BoosterAddValidData, "BoosterAddValidData");
    find(BoosterUpdateOneIter, "BoosterUpdateOneIter");
    find(BoosterGetEvalCounts, "BoosterGetEvalCounts");
    find(BoosterGetEval, "BoosterGetEval");
    find(BoosterGetNumPredict, "BoosterGetNumPredict");
    find(BoosterGetPredict, "BoosterGetPredict");
    find(BoosterSaveModelToString, "BoosterSaveModelToString");
    RegisterLogCallback([](const char*) {});  // what matters comes as an error
  }
};

constexpr int float32 = 0;

// $GYRE_LIGHTGBM and nothing else when it is set; else beside the program, in ../lib, where the build found it, and
// where the system looks.
const Library& library() {
  static const Library loaded = [] {
    std::vector<std::string> places;
    if (const char* given = std::getenv("GYRE_LIGHTGBM"); given && *given) {
      places = {given};
    } else {
      fs::path folder = own_program().parent_path();
      places = {folder / "lib_lightgbm.so", folder.parent_path() / "lib" / "lib_lightgbm.so", GYRE_LIGHTGBM_LIB,
                "lib_lightgbm.so"};
    }
    std::string tried;
    for (auto& place : places) {
      if (void* handle = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)) return Library(handle);
      tried += "\n  ";
      tried += ::dlerror();
    }
    throw Error(Code::unavailable, "LightGBM cannot be loaded:" + tried,
                "set GYRE_LIGHTGBM to a lib_lightgbm.so of version 4");
  }();
  return loaded;
}

void check(int result) {
  if (result != 0) throw Error(Code::internal, std::string("LightGBM: ") + library().GetLastError());
}

std::vector<float> floats(std::span<const double> values) { return {values.begin(), values.end()}; }

void set_field(void* data, const char* name, std::span<const double> values) {
  auto narrow = floats(values);
  check(library().DatasetSetField(data, name, narrow.data(), static_cast<int>(narrow.size()), float32));
}

std::string data_text(const BoosterParameters& parameters, const std::vector<Feature>& features) {
  std::string text = parameter_text(parameters), categories;
  for (std::size_t i = 0; i < features.size(); i++)
    if (features[i].categories) categories += (categories.empty() ? "" : ",") + std::to_string(i);
  return categories.empty() ? text : text + " categorical_feature=" + categories;
}

}  // namespace

std::string parameter_text(const BoosterParameters& parameters) {
  std::string text;
  for (auto& [name, value] : parameters) text += (text.empty() ? "" : " ") + name + "=" + value;
  return text;
}

BoosterData::BoosterData(const Examples& examples, const BoosterParameters& parameters, const BoosterData* reference) {
  auto& features = *examples.features;
  check(library().DatasetCreateFromMat(features.values.data(), float32, static_cast<std::int32_t>(features.rows),
                                       static_cast<std::int32_t>(features.columns), 1,
                                       data_text(parameters, features.features).c_str(),
                                       reference ? reference->handle_ : nullptr, &handle_));
  set_field(handle_, "label", examples.targets);
  if (!examples.weights.empty()) set_field(handle_, "weight", examples.weights);
}

void BoosterData::cut_bins(const ExampleStream& examples, const std::string& parameters) {
  constexpr std::size_t most_rows = 200'000;  // LightGBM's own bin_construct_sample_cnt
  auto& sample = examples.sample();
  std::size_t rows = std::min(sample.rows, most_rows);
  std::vector<std::vector<double>> values(sample.columns);  // but for zeros
  std::vector<std::vector<int>> places(sample.columns);
  for (std::size_t i = 0; i < rows; i++) {
    auto row = sample.row(i * sample.rows / rows);
    for (std::size_t f = 0; f < sample.columns; f++) {
      if (std::abs(row[f]) <= 1e-35f) continue;
      values[f].push_back(row[f]);
      places[f].push_back(static_cast<int>(i));
    }
  }
  std::vector<double*> value_columns;
  std::vector<int*> place_columns;
  std::vector<int> counts;
  for (std::size_t f = 0; f < sample.columns; f++) {
    value_columns.push_back(values[f].data());
    place_columns.push_back(places[f].data());
    counts.push_back(static_cast<int>(values[f].size()));
  }
  auto all = examples.rows();
  check(library().DatasetCreateFromSampledColumn(value_columns.data(), place_columns.data(),
                                                 static_cast<std::int32_t>(sample.columns), counts.data(),
                                                 static_cast<std::int32_t>(rows), static_cast<std::int32_t>(all),
                                                 static_cast<std::int64_t>(all), parameters.c_str(), &handle_));
}

BoosterData::BoosterData(ExampleStream& examples, const BoosterParameters& parameters, const BoosterData* reference) {
  if (examples.rows() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw Error(Code::unsupported, "LightGBM takes 2,147,483,647 rows at most",
                "learn from a sample: gyre table sample");
  if (reference)
    check(library().DatasetCreateByReference(reference->handle_, static_cast<std::int64_t>(examples.rows()), &handle_));
  else
    cut_bins(examples, data_text(parameters, examples.sample().features));
  examples.each([&](const Matrix& block, std::size_t first) {
    check(library().DatasetPushRows(handle_, block.values.data(), float32, static_cast<std::int32_t>(block.rows),
                                    static_cast<std::int32_t>(block.columns), static_cast<std::int32_t>(first)));
  });
  set_field(handle_, "label", examples.targets());
  if (!examples.weights().empty()) set_field(handle_, "weight", examples.weights());
}

BoosterData::BoosterData(BoosterData&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

BoosterData::~BoosterData() {
  if (handle_) library().DatasetFree(handle_);
}

Booster::Booster(const BoosterData& data, const BoosterParameters& parameters) {
  check(library().BoosterCreate(data.handle(), parameter_text(parameters).c_str(), &handle_));
}

Booster::~Booster() {
  if (handle_) library().BoosterFree(handle_);
}

void Booster::check_with(const BoosterData& data) { check(library().BoosterAddValidData(handle_, data.handle())); }

bool Booster::update() {
  int finished = 0;
  check(library().BoosterUpdateOneIter(handle_, &finished));
  return !finished;
}

std::vector<double> Booster::evaluate() {
  int count = 0;
  check(library().BoosterGetEvalCounts(handle_, &count));
  std::vector<double> values(static_cast<std::size_t>(count));
  check(library().BoosterGetEval(handle_, 1, &count, values.data()));
  return values;
}

std::vector<double> Booster::check_answers(std::size_t outputs) {
  std::int64_t count = 0;
  check(library().BoosterGetNumPredict(handle_, 1, &count));
  std::vector<double> by_output(static_cast<std::size_t>(count));
  check(library().BoosterGetPredict(handle_, 1, &count, by_output.data()));
  if (outputs == 1) return by_output;
  // Of two labels it gives the second one's probability alone; of more those of one label after the other.
  std::size_t given = outputs == 2 ? 1 : outputs, rows = by_output.size() / given;
  std::vector<double> answers(rows * outputs);
  for (std::size_t i = 0; i < rows; i++)
    for (std::size_t o = 0; o < outputs; o++)
      answers[i * outputs + o] = given > 1 ? by_output[o * rows + i] : o == 1 ? by_output[i] : 1 - by_output[i];
  return answers;
}

std::string Booster::text(int rounds) const {
  constexpr int gain = 1;  // kind of importance
  std::int64_t size = 0;
  std::string text(1 << 20, '\0');
  check(library().BoosterSaveModelToString(handle_, 0, rounds, gain, static_cast<std::int64_t>(text.size()), &size,
                                           text.data()));
  if (size > static_cast<std::int64_t>(text.size())) {
    text.resize(static_cast<std::size_t>(size));
    check(library().BoosterSaveModelToString(handle_, 0, rounds, gain, size, &size, text.data()));
  }
  text.resize(static_cast<std::size_t>(size));
  if (text.ends_with('\0')) text.pop_back();
  return text;
}

}  // namespace gyre

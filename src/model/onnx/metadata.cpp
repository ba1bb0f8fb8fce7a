#include "model/graph.hpp"
#include "model/onnx/proto.hpp"

namespace gyre {

std::string with_metadata(std::string_view model, const std::map<std::string, std::string>& entries) {
  auto proto = parse_model(model);
  for (auto& [key, value] : entries) {
    onnx::StringStringEntryProto* entry = nullptr;
    for (auto& known : *proto.mutable_metadata_props())
      if (known.key() == key) entry = &known;
    if (!entry) entry = proto.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
  return serialised(proto);
}

}  // namespace gyre

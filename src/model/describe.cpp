#include "model/describe.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace gyre {

static json::array ports(const std::vector<TensorInfo>& infos) {
  json::array list;
  for (auto& info : infos)
    list.push_back({{"name", info.name}, {"type", name_of(info.type)}, {"shape", json::value_from(info.shape)}});
  return list;
}

static json::value golden_of(const Predictor& predictor) {
  auto text = predictor.session().metadata().find("gyre.golden");
  if (text == predictor.session().metadata().end()) return nullptr;
  // JSON knows no infinity, which is what outputs of another shape differ by.
  double difference = std::min(predictor.check_golden(), std::numeric_limits<double>::max());
  double tolerance = predictor.golden_tolerance();
  return {{"examples", unpack_golden(text->second).size()},
          {"difference", difference},
          {"tolerance", tolerance},
          {"right", difference <= tolerance}};
}

json::object describe_model(const std::filesystem::path& path) {
  Predictor predictor(path);
  auto& metadata = predictor.session().metadata();
  auto lineage = metadata.find("gyre.lineage");
  return {{"file", path.string()},
          {"bytes", std::filesystem::file_size(path)},
          {"digest", digest_of_file(path)},
          {"signature", to_json(predictor.signature())},
          {"inputs", ports(predictor.session().inputs())},
          {"outputs", ports(predictor.session().outputs())},
          {"lineage",
           lineage == metadata.end() ? json::value(nullptr) : parse_json(lineage->second, path.string() + ": lineage")},
          {"golden", golden_of(predictor)}};
}

json::object check_model(const std::filesystem::path& path) {
  json::object description = describe_model(path);
  auto* golden = find(description, "golden");
  if (!golden || get_int(*golden, "examples") == 0)
    throw Error(Code::invalid,
                path.string() + ": has no golden answers inside, so nobody can tell whether it runs right here",
                "use a model made by `gyre train`; docs/formats/model.md says what must be inside");
  if (!get_bool(*golden, "right"))
    throw Error(Code::invalid,
                path.string() + ": its answers differ from its golden ones by " + canonical(golden->at("difference")) +
                    ", " + canonical(golden->at("tolerance")) + " is allowed",
                "the file is damaged, or this machine computes otherwise; train or quantise it again here");
  return description;
}

}  // namespace gyre

#pragma once
// Registered models: a name, its versions (each the content of one ONNX file), aliases that point to a version, and
// what was found out about each version.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/workspace.hpp"

namespace gyre {

struct ModelVersion {
  std::string name;
  std::int64_t version = 0;
  std::string digest;  // of the ONNX file in the blobs; empty for one that a foreign client registered by `source`
  std::string source;
  std::string run_id;        // empty: not known
  std::string logged_model;  // empty: not known
  std::string run_link;      // a run on another server
  std::string description;
  std::string stage = "None";
  json::object lineage;  // {"run": id, "data": [digest...], "options": {...}, ...}
  json::object metrics;
  std::string who;
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  std::vector<std::string> aliases;
  std::string reference() const { return name + "@" + std::to_string(version); }
};
json::object to_json(const ModelVersion& version);

// The same content under the same name is the same version. The blob must be there; the caller has checked that it is a
// model. Lineage edges are drawn from lineage's "run" and "data".
ModelVersion register_version(Workspace& workspace, const std::string& name, const std::string& digest,
                              const json::object& lineage = {}, const json::object& metrics = {},
                              std::string_view who = "local");
// What a foreign client registers: the file lies where `source` says.
struct ForeignVersion {
  std::string name;
  std::string source;
  std::string run_id{};
  std::string logged_model{};
  std::string run_link{};
  std::string description{};
};
ModelVersion register_source(Workspace& workspace, const ForeignVersion& wanted, std::string_view who);
void create_model(Workspace& workspace, const std::string& name, const std::string& description, std::string_view who);

// "bottle" (the newest), "bottle@3", "bottle@champion". Error{not_found} says what there is.
ModelVersion get_version(Workspace& workspace, const std::string& reference);
std::optional<ModelVersion> find_version(Workspace& workspace, const std::string& reference);
std::vector<ModelVersion> list_versions(Workspace& workspace, const std::string& name);  // newest first

void set_alias(Workspace& workspace, const std::string& name, const std::string& alias, std::int64_t version,
               std::string_view who = "local");
void delete_alias(Workspace& workspace, const std::string& name, const std::string& alias,
                  std::string_view who = "local");

// `kind`: "data", "device", "int8" ... The newest of a kind is what counts; older ones are kept.
void attach_result(Workspace& workspace, const std::string& name, std::int64_t version, const std::string& kind,
                   const json::object& result, std::string_view who = "local");
json::array results_of(Workspace& workspace, const std::string& name, std::int64_t version);  // newest first

// {"name","description","created_at","updated_at","aliases":{alias:version},"newest":version|null,"versions":n}
json::object get_model(Workspace& workspace, const std::string& name);
json::array list_models(Workspace& workspace);

// The version as one row, read into a value; used by searches.
ModelVersion version_from(Workspace& workspace, const Row& row);
void check_model_name(const std::string& name);

}  // namespace gyre

#pragma once
// Data sets that MLflow's clients evaluate models with: records of JSON, merged by their inputs. What runs were trained
// on is in run_links.hpp; Gyre's own data sets are content in the blobs.
#include <optional>
#include <string>
#include <vector>

#include "track/runs.hpp"
#include "track/search.hpp"

namespace gyre {

struct EvaluationDataset {
  std::string id;
  std::string name;
  std::string digest;
  std::optional<std::string> schema{};  // JSON text
  std::int64_t records = 0;
  std::optional<std::string> created_by{};
  std::optional<std::string> updated_by{};
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  json::object tags{};
  std::vector<std::int64_t> experiments{};
};

EvaluationDataset create_evaluation_dataset(Workspace& workspace, const std::string& name, const json::object& tags,
                                            const std::vector<std::int64_t>& experiments, std::string_view who);
EvaluationDataset get_evaluation_dataset(Workspace& workspace, const std::string& id);
void delete_evaluation_dataset(Workspace& workspace, const std::string& id,
                               std::string_view who);  // gone already: good
void set_evaluation_dataset_tags(Workspace& workspace, const std::string& id, const json::object& tags);
void delete_evaluation_dataset_tag(Workspace& workspace, const std::string& id, const std::string& key);
void add_to_experiments(Workspace& workspace, const std::string& id, const std::vector<std::int64_t>& experiments);
void remove_from_experiments(Workspace& workspace, const std::string& id, const std::vector<std::int64_t>& experiments);
// Without experiments: of all.
Page<EvaluationDataset> search_evaluation_datasets(Workspace& workspace, const std::vector<std::int64_t>& experiments,
                                                   const Search& search);

struct MergedRecords {
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
};
// A record whose inputs are there already gets the new outputs, and the new expectations and tags beside its own.
MergedRecords merge_records(Workspace& workspace, const std::string& id, const json::array& records);
std::int64_t delete_records(Workspace& workspace, const std::string& id, const std::vector<std::string>& records);
// Records in MLflow's form, in the order in which they came.
Page<json::object> records_of(Workspace& workspace, const std::string& id, std::size_t limit,
                              const std::string& page_token);

}  // namespace gyre

#pragma once
// MLflow's REST API 2.0 for tracking and the registry: MLflow's own clients connect unchanged.
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/route.hpp"
#include "store/workspace.hpp"
#include "track/runs.hpp"
#include "track/search.hpp"

namespace gyre {

// To be mounted with mlflow_error: table.mount(mlflow_routes(workspace), mlflow_error).
std::vector<Route> mlflow_routes(Workspace& workspace);
Response mlflow_error(const Error& error);  // {"error_code","message"}

// The parts, each with paths below /api/2.0/mlflow.
std::vector<Route> mlflow_experiment_routes(Workspace& workspace);
std::vector<Route> mlflow_run_routes(Workspace& workspace);
std::vector<Route> mlflow_artifact_routes(Workspace& workspace);  // whole paths
std::vector<Route> mlflow_file_routes(Workspace& workspace);      // whole paths: what a browser asks for
std::vector<Route> mlflow_logged_model_routes(Workspace& workspace);
std::vector<Route> mlflow_input_routes(Workspace& workspace);
std::vector<Route> mlflow_history_routes(Workspace& workspace);
std::vector<Route> mlflow_dataset_routes(Workspace& workspace);  // below /api/3.0/mlflow
std::vector<Route> mlflow_absent_routes();                       // whole paths: the parts of MLflow that are not spoken
std::vector<Route> mlflow_model_routes(Workspace& workspace);
std::vector<Route> mlflow_version_routes(Workspace& workspace);

// What a client asked for: members of the body, or of the query when it is a GET. As protobuf's JSON has it: integers
// may come as texts, numbers as "NaN" or "Infinity", texts not as numbers.
class Asked {
 public:
  explicit Asked(const Request& request);
  std::string text(std::string_view key) const;  // Error{invalid} when it is missing
  std::optional<std::string> find_text(std::string_view key) const;
  std::string text_or(std::string_view key, std::string_view otherwise) const;
  std::optional<std::int64_t> find_integer(std::string_view key) const;
  double number(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::vector<Asked> items(std::string_view key) const;
  std::optional<Asked> find_object(std::string_view key) const;
  bool flag(std::string_view key, bool otherwise) const;
  // By its name or, as protobuf has it, by its number: the first is 1.
  std::optional<std::string> find_choice(std::string_view key, std::initializer_list<std::string_view> names) const;
  Stages stages(std::string_view key) const;                     // ACTIVE_ONLY, DELETED_ONLY or ALL
  std::vector<std::int64_t> experiments() const;                 // experiment_ids
  Pairs pairs(std::string_view key) const;                       // [{"key","value"}...]
  std::int64_t integer(std::string_view key) const;              // Error{invalid} when it is missing
  std::size_t limit(std::size_t usual, std::size_t most) const;  // max_results
  Search search(std::size_t usual, std::size_t most) const;

 private:
  using Place = std::shared_ptr<const std::string>;
  Asked(std::shared_ptr<const json::value> all, const json::object& members, Place within,
        std::optional<std::size_t> index)
      : all_(std::move(all)), members_(&members), within_(std::move(within)), index_(index) {}
  Error wrong(std::string_view key, std::string_view wanted) const;
  Error missing(std::string_view key) const;
  std::string place() const;                // "metrics[3]." for an item of a list
  std::shared_ptr<const json::value> all_;  // what the items share
  const json::object* members_ = nullptr;   // of it
  bool is_query_ = false;                   // where a list of one looks like a text
  Place within_{};
  std::optional<std::size_t> index_{};
};

json::value mlflow_number(double value);  // NaN and infinities as texts
json::array mlflow_pairs(const Pairs& pairs);

}  // namespace gyre

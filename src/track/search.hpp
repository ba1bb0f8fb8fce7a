#pragma once
// Searches of runs, experiments, models and versions.
#include <string>
#include <vector>

#include "track/registry.hpp"
#include "track/runs.hpp"

namespace gyre {

enum class Stages { active, deleted, all };

struct Search {
  std::string filter;
  std::vector<std::string> order_by;
  std::size_t limit = 1000;
  std::string page_token;  // from the page before
  Stages stages = Stages::active;
};
template <class Found>
struct Page {
  std::vector<Found> found;
  std::string next;  // empty: this was the last page
};

Page<Run> search_runs(Workspace& workspace, const std::vector<std::int64_t>& experiments, const Search& search);
Page<Experiment> search_experiments(Workspace& workspace, const Search& search);
Page<std::string> search_models(Workspace& workspace, const Search& search);  // names
Page<ModelVersion> search_versions(Workspace& workspace, const Search& search);

// Rows of evaluation_dataset; without experiments: of all.
Page<Row> search_evaluation_dataset_rows(Workspace& workspace, const std::vector<std::int64_t>& experiments,
                                         const Search& search);

}  // namespace gyre

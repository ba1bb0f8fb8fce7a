#pragma once
// Brings a store of MLflow's over. The files of a run come before the run: what is there is whole, and an import that
// was cut off goes on with what is missing when it is started again.
#include <functional>
#include <string>
#include <vector>

#include "base/command.hpp"
#include "track/importing/source.hpp"

namespace gyre {

struct ImportProgress {
  std::size_t things = 0;   // runs and logged models, of which
  std::size_t done = 0;     // are here,
  std::size_t brought = 0;  // and were brought this time
  std::uint64_t files = 0, bytes = 0;
};

struct ImportResult {
  ImportProgress progress;
  std::size_t experiments = 0, models = 0, versions = 0;
  std::vector<std::string> problems;  // what could not be brought, and why
};
ImportResult import_mlflow(MlflowSource& source, Api& api, const std::function<void(const ImportProgress&)>& watch);

}  // namespace gyre

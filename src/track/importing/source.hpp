#pragma once
// A store of MLflow's, read as documents in the form that the import routes take (docs/mlflow-import.md), whatever it
// is: a database file, a folder, a server.
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

class MlflowSource {
 public:
  virtual ~MlflowSource() = default;
  virtual std::vector<json::object> experiments() = 0;  // "key" is the source's own id of it
  virtual std::vector<std::string> runs(const std::string& experiment) = 0;
  virtual std::vector<std::string> logged_models(const std::string& experiment) = 0;
  virtual json::object run(const std::string& id) = 0;
  virtual json::object logged_model(const std::string& id) = 0;
  virtual std::vector<json::object> models() = 0;  // registered ones, with their versions
  // Gives each file of a run or logged model by its path. False: its files are where they cannot be read from here.
  using TakeFile = std::function<void(const std::string& path, const std::filesystem::path& file)>;
  virtual bool artifacts(const json::object& thing, const TakeFile& take) = 0;
};

// "mlflow.db", "sqlite:///mlflow.db", "mlruns", "http://host:5000". `artifacts`: the folder of what a server of theirs
// proxied ("mlflow-artifacts:/..."); when empty, mlartifacts or mlruns beside the store.
std::unique_ptr<MlflowSource> open_mlflow_source(const std::string& where, const std::filesystem::path& artifacts);

std::unique_ptr<MlflowSource> open_mlflow_database(const std::filesystem::path& file,
                                                   const std::filesystem::path& artifacts);
std::unique_ptr<MlflowSource> open_mlflow_folder(const std::filesystem::path& folder,
                                                 const std::filesystem::path& artifacts);
std::unique_ptr<MlflowSource> open_mlflow_server(const std::string& url);

// Files below a folder that a store's artifact URI means; see MlflowSource::artifacts.
bool take_artifact_files(const std::string& uri, const std::filesystem::path& store,
                         const std::filesystem::path& artifacts, const MlflowSource::TakeFile& take);
std::string status_of_logged_model(std::string_view text);  // MLflow's number or name -> ours

}  // namespace gyre

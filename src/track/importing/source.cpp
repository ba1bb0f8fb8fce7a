#include "track/importing/source.hpp"

#include <charconv>
#include <optional>

#include "base/error.hpp"
#include "base/file.hpp"

namespace gyre {

static std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i++) {
    unsigned value = 0;
    const char* start = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(start, start + 2, value, 16).ptr == start + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Nothing: it lies in a store that is no folder.
static std::optional<fs::path> folder_of(const std::string& uri, const fs::path& store, const fs::path& artifacts) {
  if (uri.starts_with("file:")) {
    std::string path = uri.substr(5);
    while (path.starts_with("//")) path.erase(0, 1);
    return fs::path(percent_decoded(path));
  }
  for (std::string_view scheme : {"mlflow-artifacts:"})
    if (uri.starts_with(scheme)) {
      std::string path = uri.substr(scheme.size());
      if (path.starts_with("//")) path = path.substr(std::min(path.find('/', 2), path.size()));
      path.erase(0, path.find_first_not_of('/'));
      return artifacts / path;
    }
  if (uri.find(":/") != std::string::npos) return {};
  return uri.starts_with('/') ? fs::path(uri) : store / uri;
}

// A store that was moved says where its files were: the last parts (experiment, run, "artifacts") are still right.
static fs::path moved(const fs::path& folder, const fs::path& artifacts) {
  std::vector<fs::path> parts(folder.begin(), folder.end());
  if (!parts.empty() && parts.back().empty()) parts.pop_back();
  for (std::size_t count : {4, 3}) {  // experiment/models/id/artifacts, experiment/run/artifacts
    if (parts.size() < count) continue;
    fs::path there = artifacts;
    for (std::size_t i = parts.size() - count; i < parts.size(); i++) there /= parts[i];
    if (fs::is_directory(there)) return there;
  }
  return folder;
}

bool take_artifact_files(const std::string& uri, const fs::path& store, const fs::path& artifacts,
                         const MlflowSource::TakeFile& take) {
  auto folder = folder_of(uri, store, artifacts);
  if (!folder) return false;
  if (!fs::is_directory(*folder)) folder = moved(*folder, artifacts);
  if (!fs::is_directory(*folder)) return true;  // a run that logged no file has no folder
  for (auto& entry : fs::recursive_directory_iterator(*folder))
    if (entry.is_regular_file()) take(fs::relative(entry.path(), *folder).generic_string(), entry.path());
  return true;
}

std::string status_of_logged_model(std::string_view text) {
  for (auto [number, theirs, ours] : {std::tuple{"1", "LOGGED_MODEL_PENDING", "PENDING"},
                                      {"2", "LOGGED_MODEL_READY", "READY"},
                                      {"3", "LOGGED_MODEL_UPLOAD_FAILED", "FAILED"}})
    if (text == number || text == theirs || text == ours) return ours;
  return "UNSPECIFIED";
}

std::unique_ptr<MlflowSource> open_mlflow_source(const std::string& where, const fs::path& given) {
  if (where.starts_with("http://") || where.starts_with("https://")) return open_mlflow_server(where);
  fs::path path = where;
  if (where.starts_with("sqlite:///"))
    path = where.substr(10);
  else if (where.starts_with("file:"))
    path = *folder_of(where, {}, {});
  else if (where.find("://") != std::string::npos)
    throw Error(Code::unsupported, where + " is no store that can be read from here",
                "run `mlflow server` on it and import from that server's URL");
  if (!fs::exists(path)) throw Error(Code::not_found, path.string() + " does not exist");
  path = fs::absolute(path).lexically_normal();
  fs::path artifacts = given;
  if (artifacts.empty()) {
    artifacts = path.parent_path() / "mlartifacts";
    if (!fs::is_directory(artifacts)) artifacts = fs::is_directory(path) ? path : path.parent_path() / "mlruns";
  } else if (!fs::is_directory(artifacts)) {
    throw Error(Code::not_found, artifacts.string() + " is no folder");
  }
  return fs::is_directory(path) ? open_mlflow_folder(path, artifacts) : open_mlflow_database(path, artifacts);
}

}  // namespace gyre

// MLflow's folder store: mlruns/<experiment>/<run>/{meta.yaml,params,tags,metrics,artifacts}, mlruns/models/<name>/.
#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "base/error.hpp"
#include "base/file.hpp"
#include "track/importing/flat_yaml.hpp"
#include "track/importing/source.hpp"

namespace gyre {

namespace {

using Meta = std::map<std::string, std::string>;

Meta meta_of(const fs::path& folder) { return parse_flat_yaml(read_file(folder / "meta.yaml")); }
std::string text_of(const Meta& meta, const std::string& key) {
  auto at = meta.find(key);
  return at == meta.end() ? "" : at->second;
}
json::value number_of(const Meta& meta, const std::string& key) {
  std::string text = text_of(meta, key);
  double value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return nullptr;
  return static_cast<std::int64_t>(value);
}
json::value time_of(const Meta& meta, const std::string& key) {
  json::value value = number_of(meta, key);
  return value.is_null() ? json::value(0) : value;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> all;
  if (fs::is_directory(folder))
    for (auto& entry : fs::directory_iterator(folder))
      if (fs::exists(entry.path() / "meta.yaml")) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

// Names hold slashes: files below are named by their path.
json::array texts_below(const fs::path& folder) {
  json::array pairs;
  if (fs::is_directory(folder))
    for (auto& file : files_below(folder))
      pairs.push_back(json::array{file.generic_string(), read_file(folder / file)});
  return pairs;
}

std::string cut(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

json::value value_of(const std::string& text) {
  if (text == "nan" || text == "NaN") return "NaN";
  if (text == "inf" || text == "Infinity") return "Infinity";
  if (text == "-inf" || text == "-Infinity") return "-Infinity";
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) throw Error(Code::invalid, "\"" + text + "\" is no metric's value");
  return value;
}

class Folder : public MlflowSource {
 public:
  Folder(fs::path root, fs::path artifacts) : root_(std::move(root)), artifacts_(std::move(artifacts)) {
    if (experiments().empty())
      throw Error(Code::invalid, root_.string() + " is no store of MLflow's: it holds no experiment");
  }

  std::vector<json::object> experiments() override {
    std::vector<json::object> all;
    for (auto& parent : {root_, root_ / ".trash"})
      for (auto& folder : folders_in(parent)) {
        if (folder.filename() == "models") continue;
        Meta meta = meta_of(folder);
        all.push_back({{"key", folder.string()},
                       {"name", text_of(meta, "name")},
                       {"stage", text_of(meta, "lifecycle_stage") == "deleted" ? "deleted" : "active"},
                       {"created_at", time_of(meta, "creation_time")},
                       {"updated_at", time_of(meta, "last_update_time")},
                       {"tags", texts_below(folder / "tags")}});
      }
    return all;
  }

  std::vector<std::string> runs(const std::string& experiment) override { return remembered(experiment, false); }
  std::vector<std::string> logged_models(const std::string& experiment) override {
    return remembered(fs::path(experiment) / "models", true);
  }

  json::object run(const std::string& id) override {
    fs::path folder = places_.at(id);
    Meta meta = meta_of(folder);
    json::object run{{"id", id},
                     {"name", text_of(meta, "run_name")},
                     {"user", text_of(meta, "user_id")},
                     {"status", status_of(text_of(meta, "status"))},
                     {"stage", text_of(meta, "lifecycle_stage") == "deleted" ? "deleted" : "active"},
                     {"started_at", time_of(meta, "start_time")},
                     {"ended_at", number_of(meta, "end_time")},
                     {"artifacts", text_of(meta, "artifact_uri")},
                     {"params", texts_below(folder / "params")},
                     {"tags", texts_below(folder / "tags")}};
    json::array points, made;
    if (fs::is_directory(folder / "metrics"))
      for (auto& file : files_below(folder / "metrics")) {
        std::istringstream lines(read_file(folder / "metrics" / file));
        for (std::string line; std::getline(lines, line);) {
          std::istringstream words(line);
          std::string value;
          std::int64_t at = 0, step = 0;
          if (!(words >> at >> value)) continue;
          words >> step;
          points.push_back(json::array{file.generic_string(), value_of(value), at, step});
        }
      }
    for (auto& output : folders_in(folder / "outputs")) {
      std::string model = output.filename().string();
      if (model.starts_with("m-")) made.push_back(json::array{model, 0});
    }
    run["points"] = std::move(points);
    run["output_models"] = std::move(made);
    return run;
  }

  json::object logged_model(const std::string& id) override {
    fs::path folder = places_.at(id);
    Meta meta = meta_of(folder);
    return {{"id", id},
            {"name", text_of(meta, "name")},
            {"type", text_of(meta, "model_type")},
            {"source_run", text_of(meta, "source_run_id")},
            {"status", status_of_logged_model(text_of(meta, "status"))},
            {"stage", text_of(meta, "lifecycle_stage") == "deleted" ? "deleted" : "active"},
            {"created_at", time_of(meta, "creation_timestamp")},
            {"updated_at", time_of(meta, "last_updated_timestamp")},
            {"artifacts", text_of(meta, "artifact_location")},
            {"params", texts_below(folder / "params")},
            {"tags", texts_below(folder / "tags")}};
  }

  std::vector<json::object> models() override {
    std::vector<json::object> all;
    for (auto& folder : folders_in(root_ / "models")) {
      Meta meta = meta_of(folder);
      json::array versions, aliases;
      for (auto& place : folders_in(folder)) {
        Meta version = meta_of(place);
        versions.push_back(json::object{{"version", number_of(version, "version")},
                                        {"source", text_of(version, "source")},
                                        {"run_id", text_of(version, "run_id")},
                                        {"run_link", text_of(version, "run_link")},
                                        {"description", text_of(version, "description")},
                                        {"stage", text_of(version, "current_stage")},
                                        {"user", text_of(version, "user_id")},
                                        {"created_at", time_of(version, "creation_timestamp")},
                                        {"updated_at", time_of(version, "last_updated_timestamp")},
                                        {"tags", texts_below(place / "tags")}});
      }
      for (auto& alias : texts_below(folder / "aliases")) {
        std::string number = cut(std::string(alias.at(1).as_string()));
        std::int64_t version = 0;
        std::from_chars(number.data(), number.data() + number.size(), version);
        aliases.push_back(json::array{alias.at(0), version});
      }
      all.push_back({{"name", text_of(meta, "name")},
                     {"description", text_of(meta, "description")},
                     {"created_at", time_of(meta, "creation_timestamp")},
                     {"updated_at", time_of(meta, "last_updated_timestamp")},
                     {"tags", texts_below(folder / "tags")},
                     {"aliases", aliases},
                     {"versions", versions}});
    }
    return all;
  }

  bool artifacts(const json::object& thing, const TakeFile& take) override {
    fs::path beside = places_.at(get_string(thing, "id")) / "artifacts";
    if (fs::is_directory(beside)) return take_artifact_files(beside.string(), root_, artifacts_, take);
    return take_artifact_files(string_or(thing, "artifacts", ""), root_.parent_path(), artifacts_, take);
  }

 private:
  static std::string status_of(const std::string& text) {
    static constexpr const char* numbers[] = {"RUNNING", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
    if (text.size() == 1 && text[0] >= '1' && text[0] <= '5') return numbers[text[0] - '0'];
    return text.empty() ? "FINISHED" : text;
  }
  std::vector<std::string> remembered(const fs::path& parent, bool models) {
    std::vector<std::string> ids;
    for (auto& folder : folders_in(parent)) {
      std::string id = folder.filename().string();
      if (id.starts_with("m-") != models || id == "models") continue;
      places_[id] = folder;
      ids.push_back(id);
    }
    return ids;
  }
  fs::path root_, artifacts_;
  std::map<std::string, fs::path> places_;
};

}  // namespace

std::unique_ptr<MlflowSource> open_mlflow_folder(const fs::path& folder, const fs::path& artifacts) {
  return std::make_unique<Folder>(folder, artifacts);
}

}  // namespace gyre

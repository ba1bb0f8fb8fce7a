// A server that speaks MLflow's REST API: stock `mlflow server`, or a Gyre.
#include <fcntl.h>

#include <cstdlib>
#include <map>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/http_client.hpp"
#include "track/importing/source.hpp"

namespace gyre {

namespace {

json::array pairs_in(const json::value& holder, std::string_view name) {
  json::array pairs;
  if (auto* list = find(holder, name); list && list->is_array())
    for (auto& item : list->get_array()) pairs.push_back(json::array{item.at("key"), string_or(item, "value", "")});
  return pairs;
}
json::value whole(const json::value& holder, std::string_view name) {
  auto* value = find(holder, name);
  if (!value) return nullptr;
  if (value->is_string()) return std::strtoll(value->get_string().c_str(), nullptr, 10);
  return value->is_number() ? json::value(value->to_number<std::int64_t>()) : json::value();
}
json::value time_in(const json::value& holder, std::string_view name) {
  json::value value = whole(holder, name);
  return value.is_null() ? json::value(0) : value;
}
const json::value& part(const json::value& holder, std::string_view name) {
  static const json::value none = json::object();
  auto* value = find(holder, name);
  return value ? *value : none;
}
json::array list_in(const json::value& holder, std::string_view name) {
  auto* value = find(holder, name);
  return value && value->is_array() ? value->get_array() : json::array();
}

class Server : public MlflowSource {
 public:
  explicit Server(std::string url) : url_(std::move(url)) {
    while (url_.ends_with('/')) url_.pop_back();
    options_.timeout_seconds = 300;
    auto variable = [](const char* name) {
      const char* value = std::getenv(name);
      return std::string(value ? value : "");
    };
    options_.token = variable("MLFLOW_TRACKING_TOKEN");
    options_.ca = variable("MLFLOW_TRACKING_SERVER_CERT_PATH");
    std::string user = variable("MLFLOW_TRACKING_USERNAME");
    if (!user.empty()) headers_["Authorization"] = "Basic " + base64(user + ":" + variable("MLFLOW_TRACKING_PASSWORD"));
    headers_["Content-Type"] = "application/json";
  }

  std::vector<json::object> experiments() override {
    std::vector<json::object> all;
    pages("POST", "experiments/search", {{"max_results", 1000}, {"view_type", "ALL"}}, "experiments",
          [&](const json::value& one) {
            all.push_back({{"key", one.at("experiment_id")},
                           {"name", one.at("name")},
                           {"stage", string_or(one, "lifecycle_stage", "active")},
                           {"created_at", time_in(one, "creation_time")},
                           {"updated_at", time_in(one, "last_update_time")},
                           {"tags", pairs_in(one, "tags")}});
          });
    return all;
  }

  std::vector<std::string> runs(const std::string& experiment) override {
    std::vector<std::string> ids;
    pages("POST", "runs/search",
          {{"experiment_ids", json::array{experiment}},
           {"max_results", 1000},
           {"run_view_type", "ALL"},
           {"order_by", json::array{"attributes.start_time ASC"}}},
          "runs", [&](const json::value& one) { ids.push_back(get_string(one.at("info"), "run_id")); });
    return ids;
  }

  std::vector<std::string> logged_models(const std::string& experiment) override {
    std::vector<std::string> ids;
    try {
      pages("POST", "logged-models/search", {{"experiment_ids", json::array{experiment}}, {"max_results", 50}},
            "models", [&](const json::value& one) { ids.push_back(get_string(one.at("info"), "model_id")); });
    } catch (const Error& error) {
      if (error.code != Code::not_found) throw;  // a server of before version 3 has none
    }
    return ids;
  }

  json::object run(const std::string& id) override {
    json::value answer = get("runs/get?run_id=" + id);
    const json::value& run = answer.at("run");
    const json::value &info = run.at("info"), &data = part(run, "data"), &inputs = part(run, "inputs");
    json::object document{{"id", id},
                          {"name", string_or(info, "run_name", "")},
                          {"user", string_or(info, "user_id", "")},
                          {"status", info.at("status")},
                          {"stage", string_or(info, "lifecycle_stage", "active")},
                          {"started_at", time_in(info, "start_time")},
                          {"ended_at", whole(info, "end_time")},
                          {"artifacts", string_or(info, "artifact_uri", "")},
                          {"params", pairs_in(data, "params")},
                          {"tags", pairs_in(data, "tags")}};
    json::array points, datasets, taken, made;
    for (auto& metric : list_in(data, "metrics"))
      pages("GET",
            "metrics/get-history?run_id=" + id + "&metric_key=" + percent_encode(get_string(metric, "key")) +
                "&max_results=25000",
            {}, "metrics", [&](const json::value& point) {
              points.push_back(
                  json::array{point.at("key"), point.at("value"), time_in(point, "timestamp"), time_in(point, "step")});
            });
    for (auto& input : list_in(inputs, "dataset_inputs")) {
      const json::value& set = input.at("dataset");
      datasets.push_back(json::object{{"name", set.at("name")},
                                      {"digest", set.at("digest")},
                                      {"source_type", string_or(set, "source_type", "")},
                                      {"source", string_or(set, "source", "")},
                                      {"schema", part(set, "schema")},
                                      {"profile", part(set, "profile")},
                                      {"tags", pairs_in(input, "tags")}});
    }
    for (auto& model : list_in(inputs, "model_inputs")) taken.push_back(model.at("model_id"));
    for (auto& model : list_in(part(run, "outputs"), "model_outputs"))
      made.push_back(json::array{model.at("model_id"), time_in(model, "step")});
    document["points"] = std::move(points);
    document["datasets"] = std::move(datasets);
    document["input_models"] = std::move(taken);
    document["output_models"] = std::move(made);
    return document;
  }

  json::object logged_model(const std::string& id) override {
    json::value answer = get("logged-models/" + id);
    const json::value& model = answer.at("model");
    const json::value &info = model.at("info"), &data = part(model, "data");
    json::array points;
    for (auto& point : list_in(data, "metrics"))
      points.push_back(json::array{point.at("key"), point.at("value"), time_in(point, "timestamp"),
                                   time_in(point, "step"), string_or(point, "run_id", ""),
                                   string_or(point, "dataset_name", ""), string_or(point, "dataset_digest", "")});
    return {{"id", id},
            {"name", string_or(info, "name", "")},
            {"type", string_or(info, "model_type", "")},
            {"source_run", string_or(info, "source_run_id", "")},
            {"status", status_of_logged_model(string_or(info, "status", ""))},
            {"stage", "active"},
            {"created_at", time_in(info, "creation_timestamp_ms")},
            {"updated_at", time_in(info, "last_updated_timestamp_ms")},
            {"artifacts", string_or(info, "artifact_uri", "")},
            {"params", pairs_in(data, "params")},
            {"tags", pairs_in(info, "tags")},
            {"points", points}};
  }

  std::vector<json::object> models() override {
    std::map<std::string, json::array> versions;
    pages("GET", "model-versions/search?max_results=1000", {}, "model_versions", [&](const json::value& one) {
      json::value version = whole(one, "version");
      versions[get_string(one, "name")].push_back(json::object{{"version", version},
                                                               {"source", string_or(one, "source", "")},
                                                               {"run_id", string_or(one, "run_id", "")},
                                                               {"run_link", string_or(one, "run_link", "")},
                                                               {"description", string_or(one, "description", "")},
                                                               {"stage", string_or(one, "current_stage", "None")},
                                                               {"user", string_or(one, "user_id", "")},
                                                               {"created_at", time_in(one, "creation_timestamp")},
                                                               {"updated_at", time_in(one, "last_updated_timestamp")},
                                                               {"tags", pairs_in(one, "tags")}});
    });
    std::vector<json::object> all;
    pages("GET", "registered-models/search?max_results=100", {}, "registered_models", [&](const json::value& found) {
      std::string name = get_string(found, "name");
      json::value whole_model = get("registered-models/get?name=" + percent_encode(name));
      const json::value& one = whole_model.at("registered_model");
      json::array aliases;
      for (auto& alias : list_in(one, "aliases"))
        aliases.push_back(json::array{alias.at("alias"), whole(alias, "version")});
      all.push_back({{"name", name},
                     {"description", string_or(one, "description", "")},
                     {"created_at", time_in(one, "creation_timestamp")},
                     {"updated_at", time_in(one, "last_updated_timestamp")},
                     {"tags", pairs_in(one, "tags")},
                     {"aliases", aliases},
                     {"versions", versions[name]}});
    });
    return all;
  }

  bool artifacts(const json::object& thing, const TakeFile& take) override {
    std::string id = get_string(thing, "id");
    std::string uri = string_or(thing, "artifacts", "");
    static constexpr std::string_view proxied = "mlflow-artifacts:";
    bool model = id.starts_with("m-");
    if (uri.starts_with(proxied)) {
      std::string root = uri.substr(proxied.size());
      if (root.starts_with("//")) root = root.substr(std::min(root.find('/', 2), root.size()));
      root.erase(0, root.find_first_not_of('/'));
      take_proxied(root, "", take);
      return true;
    }
    if (model) return false;  // its files are the server's own, and it gives them to nobody
    take_run_files(id, "", take);
    return true;
  }

 private:
  void take_proxied(const std::string& root, const std::string& folder, const TakeFile& take) {
    std::string path = folder.empty() ? root : root + "/" + folder;
    json::value listed = call("GET", "/api/2.0/mlflow-artifacts/artifacts?path=" + percent_encode(path), nullptr);
    for (auto& file : list_in(listed, "files")) {
      std::string name = get_string(file, "path");
      name = name.substr(name.rfind('/') + 1);
      std::string inner = folder.empty() ? name : folder + "/" + name;
      if (find(file, "is_dir") && get_bool(file, "is_dir"))
        take_proxied(root, inner, take);
      else
        fetch("/api/2.0/mlflow-artifacts/artifacts/" + encoded(root + "/" + inner), inner, take);
    }
  }
  void take_run_files(const std::string& run, const std::string& folder, const TakeFile& take) {
    json::value listed =
        get("artifacts/list?run_id=" + run + (folder.empty() ? "" : "&path=" + percent_encode(folder)));
    for (auto& file : list_in(listed, "files")) {
      std::string path = get_string(file, "path");
      if (find(file, "is_dir") && get_bool(file, "is_dir"))
        take_run_files(run, path, take);
      else
        fetch("/get-artifact?run_uuid=" + run + "&path=" + percent_encode(path), path, take);
    }
  }
  static std::string encoded(const std::string& path) {
    std::string out;
    for (std::size_t at = 0; at <= path.size();) {
      auto end = std::min(path.find('/', at), path.size());
      out += (at ? "/" : "") + percent_encode(path.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }
  void fetch(const std::string& path, const std::string& name, const TakeFile& take) {
    TemporaryFolder folder;
    fs::path to = folder.path() / "file";
    {
      FileHandle file = open_file(to, O_WRONLY | O_CREAT | O_TRUNC);
      Response response = http_download(
          url_ + path, [&](std::string_view bytes) { write_all(file.get(), bytes, to); }, headers_, options_);
      if (response.status != 200)
        throw Error(Code::unavailable, url_ + path + ": the server answered " + std::to_string(response.status));
    }
    take(name, to);
  }

  json::value get(const std::string& path) { return call("GET", "/api/2.0/mlflow/" + path, nullptr); }

  json::value call(const std::string& method, const std::string& path, const json::value& body) {
    Response response =
        http_request(method, url_ + path, body.is_null() ? "" : json::serialize(body), headers_, options_);
    if (response.status == 200) return parse_json(response.body, url_ + path);
    Code code = response.status == 404                             ? Code::not_found
                : response.status == 401 || response.status == 403 ? Code::denied
                                                                   : Code::unavailable;
    throw Error(
        code,
        url_ + path + ": the server answered " + std::to_string(response.status) + " " + response.body.substr(0, 300),
        code == Code::denied ? "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and _PASSWORD" : "");
  }

  void pages(const std::string& method, const std::string& path, json::object body, std::string_view member,
             const std::function<void(const json::value&)>& take) {
    std::string token;
    do {
      std::string target = "/api/2.0/mlflow/" + path;
      json::value page;
      if (method == "POST") {
        if (!token.empty()) body["page_token"] = token;
        page = call(method, target, body);
      } else {
        page = call(method, token.empty() ? target : target + "&page_token=" + percent_encode(token), nullptr);
      }
      for (auto& item : list_in(page, member)) take(item);
      token = string_or(page, "next_page_token", "");
    } while (!token.empty());
  }

  std::string url_;
  HttpOptions options_;
  Headers headers_;
};

}  // namespace

std::unique_ptr<MlflowSource> open_mlflow_server(const std::string& url) { return std::make_unique<Server>(url); }

}  // namespace gyre

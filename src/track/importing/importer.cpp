#include "track/importing/importer.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/http_client.hpp"

namespace gyre {

namespace {

const std::string base = "/api/import/mlflow/";

class Importer {
 public:
  Importer(MlflowSource& source, Api& api, const std::function<void(const ImportProgress&)>& watch)
      : source_(source), api_(api), watch_(watch) {}

  ImportResult run() {
    struct Part {
      json::object document;
      std::int64_t id = 0;
      std::vector<std::string> runs, models;  // that are missing here
    };
    std::vector<Part> parts;
    for (auto& experiment : source_.experiments()) {
      Part part{.document = experiment};
      part.id = get_int(api_.call("POST", base + "experiments", experiment), "id");
      std::string key = get_string(experiment, "key");
      auto runs = source_.runs(key), models = source_.logged_models(key);
      result_.progress.things += runs.size() + models.size();
      json::value absent = api_.call("POST", base + "missing",
                                     {{"runs", json::value_from(runs)}, {"logged_models", json::value_from(models)}});
      part.runs = json::value_to<std::vector<std::string>>(absent.at("runs"));
      part.models = json::value_to<std::vector<std::string>>(absent.at("logged_models"));
      result_.progress.done += runs.size() + models.size() - part.runs.size() - part.models.size();
      parts.push_back(std::move(part));
      result_.experiments++;
    }
    watch_(result_.progress);
    for (auto& part : parts) {
      std::string place = std::to_string(part.id) + "/";
      for (auto& id : part.models) bring(id, part.id, place + "models/" + id + "/artifacts/", "logged-models");
      for (auto& id : part.runs) bring(id, part.id, place + id + "/artifacts/", "runs");
      api_.call("POST", base + "experiments/end", part.document);
    }
    for (auto& model : source_.models())
      attempt("model " + get_string(model, "name"), [&] {
        result_.versions += static_cast<std::size_t>(get_int(send("models", model), "versions"));
        result_.models++;
      });
    return std::move(result_);
  }

 private:
  // One thing that cannot be brought does not stop the others; a server that is gone, or a full disk, does.
  void attempt(const std::string& what, const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.code == Code::unavailable || error.code == Code::full || error.code == Code::denied) throw;
      result_.problems.push_back(what + ": " + error.text());
    }
  }

  void bring(const std::string& id, std::int64_t experiment, const std::string& place, const std::string& kind) {
    attempt(kind + " " + id, [&] {
      json::object document = kind == "runs" ? source_.run(id) : source_.logged_model(id);
      bool reached = source_.artifacts(document, [&](const std::string& path, const fs::path& file) {
        std::string target;
        std::string whole = place + path;
        for (std::size_t at = 0; at <= whole.size();) {
          auto end = std::min(whole.find('/', at), whole.size());
          target += "/" + percent_encode(std::string_view(whole).substr(at, end - at));
          at = end + 1;
        }
        api_.upload("PUT", "/api/2.0/mlflow-artifacts/artifacts" + target, file);
        result_.progress.files++;
        result_.progress.bytes += fs::file_size(file);
      });
      if (!reached)
        result_.problems.push_back(kind + " " + id + ": its files lie at " + string_or(document, "artifacts", "?") +
                                   " and stay there");
      document["experiment"] = experiment;
      send(kind, document);
      result_.progress.brought++;
    });
    result_.progress.done++;
    watch_(result_.progress);
  }

  // As a file: a run's document has no limit.
  json::value send(const std::string& kind, const json::object& document) {
    TemporaryFolder folder;
    fs::path file = folder.path() / "document";
    write_output(file, json::serialize(document));
    return api_.upload("POST", base + kind, file);
  }

  MlflowSource& source_;
  Api& api_;
  const std::function<void(const ImportProgress&)>& watch_;
  ImportResult result_;
};

}  // namespace

ImportResult import_mlflow(MlflowSource& source, Api& api, const std::function<void(const ImportProgress&)>& watch) {
  return Importer(source, api, watch).run();
}

}  // namespace gyre

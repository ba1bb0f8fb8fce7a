#include "search/many.hpp"

#include <cmath>
#include <set>
#include <thread>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "learn/parallel.hpp"
#include "search/many_model.hpp"
#include "store/pack_file.hpp"
#include "track/registry_bulk.hpp"

namespace gyre {

namespace {

struct Kept {
  std::string content;
  json::object report;
  std::int64_t at = 0;
};

Kept newest(Workspace& workspace, const std::string& name) {
  auto row =
      workspace.rows().one("SELECT content, report, at FROM many_run WHERE name = $1 ORDER BY id DESC LIMIT 1", {name});
  if (!row) throw Error(Code::not_found, "nothing was made by `gyre many` under the name " + name, "gyre many list");
  return {get_string(*row, "content"), parse_json(get_string(*row, "report"), "report").as_object(),
          get_int(*row, "at")};
}

std::vector<std::string> by_of(const json::object& report) {
  return json::value_to<std::vector<std::string>>(report.at("options").at("by"));
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string partitions_text(Workspace& workspace, const std::string& content) {
  return read_file(workspace.blobs().open(content) / "partitions.jsonl");
}

// One partition's model, as it is registered; nothing where there is none.
std::optional<BulkVersion> version_of(const json::object& partition, const std::string& name,
                                      const std::vector<std::string>& by, const std::string& content,
                                      const std::string& pack) {
  if (partition.contains("trouble")) return {};
  BulkVersion version{.digest = get_string(partition, "model")};
  std::vector<std::string> keys;
  for (auto& column : by) {
    keys.push_back(get_string(partition.at("partition"), column));
    version.tags.emplace_back(column, keys.back());
  }
  version.name = partition_model_name(name, keys);
  version.tags.emplace_back("many", name);
  version.tags.emplace_back("learner", get_string(partition, "learner"));
  version.lineage = {{"data", content}, {"pack", pack}, {"series", partition.at("data")}};
  for (auto key : {"mase", "smape", "rmse", "mae"})
    if (auto value = find_number(partition, key)) version.metrics[key] = *value;
  return version;
}

std::vector<BulkVersion> versions_of(Workspace& workspace, const std::string& name, const std::vector<std::string>& by,
                                     const std::string& content, const std::string& pack) {
  std::string text = partitions_text(workspace, content);
  auto lines = lines_of(text);
  std::vector<std::optional<BulkVersion>> found(lines.size());
  for_rows(lines.size(), static_cast<int>(usable_cores()), [&](std::size_t from, std::size_t to) {
    std::vector<unsigned char> room(1 << 16);  // of one line at a time: nothing is freed piece by piece
    for (std::size_t i = from; i < to; i++) {
      json::monotonic_resource memory(room.data(), room.size());
      found[i] = version_of(json::parse(lines[i], &memory).as_object(), name, by, content, pack);
    }
  });
  std::vector<BulkVersion> versions;
  std::set<std::string_view> names;
  versions.reserve(found.size());
  for (auto& one : found) {
    if (!one) continue;
    versions.push_back(std::move(*one));
    if (!names.insert(versions.back().name).second)
      throw Error(Code::conflict, "two partitions would both be registered as " + versions.back().name,
                  "give values that differ in more than . / : and @, or the columns in another order");
  }
  return versions;
}

json::object summary(const std::string& name, const Kept& kept) {
  json::object result{{"name", name}, {"content", kept.content}, {"at", kept.at}};
  for (auto& [key, value] : kept.report) result[key] = value;
  return result;
}

// `?brand=a&store=12` keeps the partitions of these values.
bool wanted(const json::object& partition, const Request& request, const std::vector<std::string>& by) {
  for (auto& column : by)
    if (auto value = request.query_value(column); value && *value != get_string(partition.at("partition"), column))
      return false;
  return true;
}

void check_query(const Request& request, const std::vector<std::string>& by) {
  for (auto& [key, value] : request.query)
    if (key != "failed" && std::find(by.begin(), by.end(), key) == by.end()) {
      std::string list;
      for (auto& column : by) list += (list.empty() ? "" : ", ") + column;
      throw Error(Code::invalid, "it is not partitioned by \"" + key + "\"", "it is by: " + list);
    }
}

Response partitions(Workspace& workspace, Request& request) {
  std::string name = request.param("name");
  auto kept = newest(workspace, name);
  auto by = by_of(kept.report);
  check_query(request, by);
  bool failed = request.query_value("failed").value_or("") == "true";
  json::array list;
  std::string text = partitions_text(workspace, kept.content);
  for (auto line : lines_of(text)) {
    auto partition = parse_json(line, "partitions.jsonl").as_object();
    if (!wanted(partition, request, by) || (failed && !partition.contains("trouble"))) continue;
    std::vector<std::string> keys;
    for (auto& column : by) keys.push_back(get_string(partition.at("partition"), column));
    partition["name"] = partition_model_name(name, keys);
    list.push_back(std::move(partition));
  }
  return json_response({{"name", name}, {"partitions", std::move(list)}});
}

Response forecasts(Workspace& workspace, Request& request) {
  auto kept = newest(workspace, request.param("name"));
  fs::path folder = workspace.blobs().open(kept.content);
  for (auto [file, type] :
       {std::pair("forecasts.csv", "text/csv"), std::pair("forecasts.parquet", "application/vnd.apache.parquet")})
    if (fs::exists(folder / file)) return Response{.content_type = type, .file = folder / file};
  throw Error(Code::internal, "the run " + kept.content + " has no forecasts");
}

json::array list_many(Workspace& workspace) {
  json::array list;
  for (auto& row : workspace.rows().query("SELECT name, max(id) AS id FROM many_run GROUP BY name ORDER BY name")) {
    auto name = get_string(row, "name");
    list.push_back(summary(name, newest(workspace, name)));
  }
  return list;
}

}  // namespace

std::string partition_model_name(const std::string& name, const std::vector<std::string>& keys) {
  std::string result = name;
  for (auto& key : keys) {
    result += '.';
    for (char c : key)  // what no model's name may hold
      result += std::string_view("/:@").find(c) == std::string_view::npos ? c : '_';
  }
  return result;
}

json::object keep_many(Workspace& workspace, const std::string& name, const std::string& content,
                       std::string_view who) {
  check_model_name(name);
  fs::path folder = workspace.blobs().open(content);
  for (auto file : {"report.json", "partitions.jsonl", "models.pack"})
    if (!fs::exists(folder / file))
      throw Error(Code::invalid, content + " is not what `gyre train many` gives: it has no " + file);
  auto report = read_json_file(folder / "report.json").as_object();
  auto by = by_of(report);
  std::string pack = digest_of_file(folder / "models.pack");  // of the tree, so it is there
  workspace.blobs().adopt_pack(pack);
  auto versions = versions_of(workspace, name, by, content, pack);
  PackReader models(folder / "models.pack");
  for (auto& version : versions)
    if (!models.has(version.digest))
      throw Error(Code::invalid, content + ": the pack holds no " + version.digest + ", the model " + version.name);
  register_versions(workspace, versions, content, who);
  workspace.rows().transaction([&] {
    workspace.rows().run("INSERT INTO many_run (name, content, report, at) VALUES ($1, $2, $3, $4)",
                         {name, content, report, now_ms()});
    workspace.audit(who, "many", name, nullptr, {{"content", content}, {"models", versions.size()}});
  });
  auto result = summary(name, newest(workspace, name));
  result["registered"] = versions.size();
  return result;
}

std::vector<Route> many_routes(Workspace& workspace) {
  return {
      {"GET", "/api/many", "What was made by `gyre many`, by name",
       [&](Request&) {
         return json_response({{"many", list_many(workspace)}});
       }},
      {"POST", "/api/many/{name}", "Register every model of a step's output: {content}",
       [&](Request& request) {
         return json_response(
             keep_many(workspace, request.param("name"), get_string(request.json_body(), "content"), request.who));
       }},
      {"GET", "/api/many/{name}", "The newest run of a name: what was learned, by whom, how well",
       [&](Request& request) {
         return json_response(summary(request.param("name"), newest(workspace, request.param("name"))));
       }},
      {"GET", "/api/many/{name}/partitions",
       "Its partitions with their models; ?COLUMN=VALUE keeps some, ?failed=true those without a model",
       [&](Request& request) { return partitions(workspace, request); }},
      {"GET", "/api/many/{name}/forecasts", "Its forecasts, CSV or Parquet",
       [&](Request& request) { return forecasts(workspace, request); }},
  };
}

}  // namespace gyre

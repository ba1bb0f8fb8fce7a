#include <cstdio>
#include <optional>

#include "base/command.hpp"
#include "base/hash.hpp"
#include "base/http_client.hpp"
#include "track/show.hpp"

namespace gyre {

static std::string short_id(const json::value& thing) {
  std::string id = get_string(thing, "id");
  if (is_digest(id)) id = id.substr(7, 12);
  if (get_string(thing, "kind") == "run") id = id.substr(0, 8);
  return get_string(thing, "kind") + " " + id;
}

// What is there under a path of the API, or nothing.
static std::optional<json::value> look(Api& api, const std::string& path) {
  try {
    return api.call("GET", path);
  } catch (const Error& error) {
    if (error.code != Code::not_found) throw;
    return {};
  }
}

// What no model is called: named data, a device, an image by its name, an app that was rolled out.
static std::optional<json::value> found_elsewhere(Api& api, const std::string& name) {
  if (look(api, "/api/models/" + percent_encode(name.substr(0, name.find('@'))))) return {};
  if (auto asset = look(api, "/api/assets/" + percent_encode(name)))
    return api.call("GET", "/api/lineage/data/" + get_string(*asset, "digest"));
  for (auto kind : {"device", "deployment", "run", "image"})
    if (auto thing = look(api, "/api/lineage/" + std::string(kind) + "/" + percent_encode(name))) return thing;
  if (auto package = look(api, "/api/packages/" + name))
    return api.call("GET", "/api/lineage/image/" + get_string(*package, "digest"));
  return {};
}

// "bottle" -> model bottle@<newest>; "bottle@champion" -> model bottle@3; a digest: data; "run/1234": as
// said.
static json::value ask(Api& api, const std::string& name) {
  if (auto slash = name.find('/'); slash != std::string::npos && name.find('@') == std::string::npos)
    return api.call(
        "GET", "/api/lineage/" + percent_encode(name.substr(0, slash)) + "/" + percent_encode(name.substr(slash + 1)));
  if (is_digest(name)) return api.call("GET", "/api/lineage/data/" + name);
  auto at = name.find('@');
  if (auto thing = found_elsewhere(api, name)) return *thing;
  std::string which = at == std::string::npos ? "latest" : name.substr(at + 1);
  json::value version =
      api.call("GET", "/api/models/" + percent_encode(name.substr(0, at)) + "/versions/" + percent_encode(which));
  return api.call("GET", "/api/lineage/model/" + percent_encode(get_string(version, "name")) + "@" +
                             canonical(version.at("version")));
}

static int run(const json::object& values, CommandContext& context) {
  json::value answer = ask(context.api(), get_string(values, "name"));
  if (context.json) {
    context.print(answer);
    return 0;
  }
  std::printf("%s\n", short_id(answer).c_str());
  auto print = [&](const char* title, const char* key) {
    if (answer.at(key).as_array().empty()) return;
    std::printf("\n%s\n", title);
    std::vector<std::vector<std::string>> rows;
    for (auto& edge : answer.at(key).as_array())
      rows.push_back(
          {std::string(2 * static_cast<std::size_t>(get_int(edge, "depth")), ' ') + short_id(edge.at("from")),
           "-> " + short_id(edge.at("to")), get_string(edge, "how")});
    std::fputs(columns(rows).c_str(), stdout);
  };
  print("came from", "sources");
  print("led to", "results");
  return 0;
}

extern const Command command_lineage;
const Command command_lineage{
    .words = "lineage",
    .help = "Show what a model, data set, run, image or device came from, and what came from it",
    .arguments = {{"name",
                   FieldType::text,
                   "a model (bottle, bottle@3), named data, a device, an image, a digest, or KIND/ID",
                   nullptr,
                   {.required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre

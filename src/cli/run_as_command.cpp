#include "cli/run_as_command.hpp"

#include <cstdio>

#include "base/file.hpp"
#include "cli/follow.hpp"
#include "cli/send_content.hpp"
#include "store/tree.hpp"

namespace gyre {

// A path that exists is read by the server's process, which needs the whole path; a server elsewhere gets the content.
std::string reference_of(const std::string& word) {
  if (word.starts_with("sha256:") || word.starts_with("file:")) return word;
  if (fs::exists(word) && asks_elsewhere()) {
    std::string name = fs::is_directory(word) ? "" : "#" + fs::path(word).filename().string();
    return send_content(word) + name;
  }
  if (fs::exists(word)) return "file:" + fs::absolute(word).lexically_normal().string();
  if (word.find('/') != std::string::npos) throw Error(Code::not_found, word + " does not exist");
  return word;
}

void copy_out(Api& api, const std::string& digest, const fs::path& to) {
  TemporaryFolder folder(fs::absolute(to).parent_path());
  fs::path blob = folder.path() / "blob";
  api.download("/api/blobs/" + digest, blob);
  std::string text = read_file(blob);
  if (!std::string_view(text).starts_with(tree_mark)) {
    fs::rename(blob, to);
    return;
  }
  if (fs::exists(to))
    throw Error(Code::conflict, to.string() + " exists already", "name a folder that does not exist yet");
  json::value files = parse_json(std::string_view(text).substr(tree_mark.size()), digest);
  for (auto& file : files.as_array()) {
    fs::path path = folder.path() / "tree" / get_string(file, "path");
    make_folders(path.parent_path());
    api.download("/api/blobs/" + get_string(file, "digest"), path);
  }
  fs::rename(folder.path() / "tree", to);
}

int run_step_command(const Invocation& invocation, CommandContext& context) {
  const Step& step = *invocation.step;
  json::object inputs;
  for (auto& [name, word] : invocation.inputs) inputs[name] = reference_of(std::string(word.as_string()));
  json::object keep;
  if (!invocation.keep_as.empty()) {
    if (step.outputs.empty()) throw Error(Code::invalid, step.command + " has no result to keep");
    keep[step.outputs[0].name] = invocation.keep_as;
  }
  json::object node{{"step", step.name},
                    {"options", complete(step.fields, invocation.values, step.command)},
                    {"inputs", inputs},
                    {"keep", keep}};
  json::object nodes, pipeline, body;
  nodes[step.name] = std::move(node);
  pipeline["name"] = step.command;
  pipeline["nodes"] = std::move(nodes);
  body["pipeline"] = std::move(pipeline);
  body["fresh"] = invocation.fresh;
  json::object status = follow_pipeline(context.api(), body, {.quiet = context.json});
  auto& run = status.at("nodes").as_array().at(0).as_object();
  auto& outputs = run.at("outputs").as_object();
  if (!invocation.out.empty() && !step.outputs.empty()) {
    if (auto* digest = outputs.if_contains(step.outputs[0].name))
      copy_out(context.api(), std::string(digest->as_string()), invocation.out);
  }
  if (context.json)
    context.print(run);
  else
    for (auto& [name, digest] : outputs) std::printf("%s %s\n", std::string(name).c_str(), digest.as_string().c_str());
  std::string state = get_string(run, "state");
  return state == "done" || state == "cached" ? 0 : row_of(Code::cancelled).exit_code;
}

}  // namespace gyre

#include "track/artifacts.hpp"

#include <algorithm>
#include <map>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gyre {

// What a path becomes for somebody who decodes it again: "%252e%252e" too is a way upwards.
static std::string decoded(std::string path) {
  static constexpr std::pair<std::string_view, char> escapes[] = {
      {"00", '\0'}, {"2e", '.'}, {"2f", '/'}, {"5c", '\\'}, {"25", '%'}};
  for (std::size_t at = 0; (at = path.find('%', at)) != std::string::npos;) {
    std::string code = path.substr(at + 1, 2);
    std::transform(code.begin(), code.end(), code.begin(), [](unsigned char c) { return std::tolower(c); });
    auto found =
        std::find_if(std::begin(escapes), std::end(escapes), [&](auto& escape) { return escape.first == code; });
    if (found == std::end(escapes))
      at++;
    else
      path.replace(at, 3, 1, found->second);
  }
  return path;
}

std::string checked_artifact_path(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  auto wrong = [&] { return Error(Code::invalid, "Invalid path"); };
  std::string plain = decoded(path);
  bool control = std::any_of(plain.begin(), plain.end(), [](unsigned char c) { return c < 0x20; });
  if (control || plain.find_first_of("\\#") != std::string::npos) throw wrong();
  for (std::string_view rest = plain; !rest.empty();) {
    auto end = std::min(rest.find('/'), rest.size());
    auto part = rest.substr(0, end);
    if (part.empty() || part == "." || part == "..") throw wrong();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return path;
}

std::string artifact_root(const std::string& uri) {
  std::string_view rest = uri, route = "/api/2.0/mlflow-artifacts/artifacts/";
  auto after_host = [](std::string_view text) { return text.substr(std::min(text.find('/', 2), text.size())); };
  if (rest.starts_with("mlflow-artifacts:")) {
    rest.remove_prefix(17);
    if (rest.starts_with("//")) rest = after_host(rest);
  } else if (auto at = rest.find(route); rest.starts_with("http") && at != std::string_view::npos) {
    rest.remove_prefix(at + route.size());
  } else {
    throw Error(Code::invalid, "the files at " + uri + " are not kept by this server", "ask that place for them");
  }
  while (rest.starts_with('/')) rest.remove_prefix(1);
  return checked_artifact_path(std::string(rest));
}

void put_artifact(Workspace& workspace, const std::string& path, const std::string& digest, std::string_view who) {
  if (path.empty()) throw Error(Code::invalid, "an artifact needs a path");
  workspace.rows().transaction([&] {
    workspace.rows().run(
        "INSERT INTO artifact VALUES ($1, $2, $3, $4) ON CONFLICT (path) DO UPDATE SET digest = $2, size = $3, at = $4",
        {path, digest, workspace.blobs().size(digest), now_ms()});
    workspace.audit(who, "artifact put", path, nullptr, {{"digest", digest}});
  });
}

std::string artifact_digest(Workspace& workspace, const std::string& path) {
  auto row = workspace.rows().one("SELECT digest FROM artifact WHERE path = $1", {path});
  if (!row) throw Error(Code::not_found, "No such artifact: '" + path + "'");
  return get_string(*row, "digest");
}

std::filesystem::path artifact_file(Workspace& workspace, const std::string& path) {
  return workspace.blobs().path(artifact_digest(workspace, path));
}

void forget_artifacts(Workspace& workspace, const std::string& path, std::string_view who) {
  workspace.rows().transaction([&] {
    // '0' is the character after '/': the range holds what lies below the folder, nothing beside it.
    workspace.rows().run("DELETE FROM artifact WHERE path = $1 OR (path > $2 AND path < $3)",
                         {path, path + "/", path + "0"});
    workspace.audit(who, "artifact delete", path, nullptr, nullptr);
  });
}

json::array list_artifacts(Workspace& workspace, const std::string& folder, const std::string& prefix) {
  std::map<std::string, json::object> entries;
  std::string start = folder.empty() ? "" : folder + "/";
  auto rows = folder.empty() ? workspace.rows().query("SELECT path, size FROM artifact")
                             : workspace.rows().query("SELECT path, size FROM artifact WHERE path > $1 AND path < $2",
                                                      {start, folder + "0"});
  for (auto& row : rows) {
    std::string rest = get_string(row, "path").substr(start.size());
    auto slash = rest.find('/');
    json::object entry{{"path", prefix + rest.substr(0, slash)}, {"is_dir", slash != std::string::npos}};
    if (slash == std::string::npos) entry["file_size"] = row["size"];
    entries.emplace(rest.substr(0, slash), std::move(entry));
  }
  json::array files;
  for (auto& [name, entry] : entries) files.push_back(std::move(entry));
  return files;
}

}  // namespace gyre

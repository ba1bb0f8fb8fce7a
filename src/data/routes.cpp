#include "data/routes.hpp"

#include "base/file.hpp"
#include "data/gather.hpp"
#include "data/labels.hpp"
#include "flow/engine.hpp"
#include "media/image.hpp"
#include "media/series.hpp"
#include "media/sound.hpp"

namespace gyre {

namespace {

// What one sample is: the first stands for the others.
std::string words_for(const std::string& bytes, const std::string& name) {
  if (is_image(bytes) || has_extension(name, {".jpg", ".jpeg", ".png"})) {
    Image image = decode_image(bytes, name);
    return "a picture of " + std::to_string(image.width) + " x " + std::to_string(image.height);
  }
  if (has_extension(name, {".wav", ".flac", ".ogg"})) {
    Sound sound = decode_sound(bytes, name);
    char text[80];
    std::snprintf(text, sizeof text, "a sound of %.2f s at %d Hz", double(sound.samples.size()) / sound.rate,
                  sound.rate);
    return text;
  }
  if (has_extension(name, {".csv"})) {
    Series series = decode_series(bytes, name);
    std::string columns;
    for (auto& column : series.columns) columns += (columns.empty() ? "" : ", ") + column;
    return "a series of " + std::to_string(series.rows()) + " rows: " + columns;
  }
  return "";
}

void add_files(json::object& result, const fs::path& folder) {
  std::map<std::string, std::int64_t> folders;
  auto files = files_below(folder);
  for (auto& file : files) folders[file.parent_path().string()]++;
  result["files"] = files.size();
  result["folders"] = json::value_from(folders);
  if (files.empty()) return;
  result["first"] = files[0].string();
  try {
    result["first_is"] = words_for(read_file(folder / files[0]), files[0].string());
  } catch (const Error& error) {
    result["first_is"] = error.text();
  }
}

void add_labels(json::object& result, const fs::path& file) {
  Labels labels = load_labels(file);
  std::map<std::string, std::int64_t> classes, givers;
  for (auto& label : labels.classes) classes[label] = 0;
  for (auto& [digest, label] : labels.of) classes[label.label]++, givers[label.by]++;
  result["labels"] = labels.of.size();
  result["classes"] = json::value_from(classes);
  result["by"] = json::value_from(givers);
}

json::object described(Workspace& workspace, const Asset& asset) {
  auto& blobs = workspace.blobs();
  json::object result{{"name", asset.name},     {"version", asset.version},       {"type", asset.type},
                      {"digest", asset.digest}, {"created_at", asset.created_at}, {"bytes", blobs.size(asset.digest)}};
  if (blobs.is_tree(asset.digest))
    add_files(result, blobs.open(asset.digest));
  else if (asset.type == "labels")
    add_labels(result, blobs.path(asset.digest));
  return result;
}

}  // namespace

std::vector<Route> data_routes(Workspace& workspace) {
  return {
      {"GET", "/api/data/{name}", "What is in named data, NAME or NAME@VERSION: files by folder, labels by class",
       [&workspace](Request& request) {
         return json_response(described(workspace, get_asset(workspace, request.param("name"))));
       }},
  };
}

}  // namespace gyre

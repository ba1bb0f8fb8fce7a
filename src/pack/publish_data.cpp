#include <fcntl.h>

#include <set>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/tar.hpp"
#include "data/dataset.hpp"
#include "pack/packages.hpp"
#include "pack/registry.hpp"

namespace gyre {

// A device's input folder is flat. The former path is kept in the name, for people who look at what was answered
// wrongly; what cannot be kept (too long, or two paths that look alike when flat) is named by its content.
static std::string flat_name(const Sample& sample, const std::set<std::string>& taken) {
  std::string name;
  for (char c : sample.path.generic_string()) name += c == '/' ? std::string("__") : std::string(1, c);
  if (name.size() <= 100 && !taken.count(name)) return name;
  return sample.digest.substr(7, 32) + sample.path.extension().string();
}

json::object publish_data(Workspace& workspace, const DataRequest& request) {
  auto& blobs = workspace.blobs();
  if (!blobs.has(request.frames)) throw Error(Code::not_found, "no data set with digest " + request.frames);
  // The same samples are published again with each version of a model.
  std::string asked = canonical(
      {{"frames", request.frames}, {"labels", request.labels}, {"part", request.part}, {"share", request.share}});
  if (auto known = workspace.rows().one("SELECT answer FROM published_data WHERE request = $1", {asked})) {
    json::object answer = json::parse(get_string(*known, "answer")).as_object();
    if (blobs.has(get_string(answer, "data"))) return answer;
  }
  std::optional<fs::path> labels;
  if (!request.labels.empty()) labels = blobs.open(request.labels);
  Part part = part_named(request.part);
  Dataset data = load_samples(blobs.open(request.frames), labels, part, request.share);
  TarWriter tar;
  std::set<std::string> names;
  for (auto& sample : data.samples) {
    std::string name = flat_name(sample, names);
    names.insert(name);
    tar.file(name, data.file(sample));
  }
  TemporaryFolder staging(blobs.root() / "staging");
  fs::path file = staging.path() / "data.tar";
  {
    FileHandle out = open_file(file, O_WRONLY | O_CREAT);
    tar.write([&](std::string_view bytes) { write_all(out.get(), bytes, file); });
  }
  std::string digest = blobs.put_file(file, true);
  json::object answer{{"data", digest}, {"samples", data.samples.size()}, {"bytes", blobs.size(digest)}};
  workspace.rows().transaction([&] {
    Registry(workspace).link_blob(std::string(data_repository), digest);
    workspace.rows().run("INSERT INTO published_data VALUES ($1, $2) ON CONFLICT (request) DO UPDATE SET answer = $2",
                         {asked, canonical(answer)});
  });
  return answer;
}

}  // namespace gyre

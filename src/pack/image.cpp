#include "pack/image.hpp"

#include "base/file.hpp"
#include "base/hash.hpp"
#include "pack/libraries.hpp"

namespace gyre {

static std::string architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
#error "no name for this processor in image configurations"
#endif
}

static TarWriter base_layer(const std::map<std::string, fs::path>& libraries) {
  TarWriter tar;
  // The root is read-only on a device: what is mounted over must be there.
  for (auto folder : {"dev", "etc", "input", "proc", "sys"}) tar.folder(folder);
  tar.folder("tmp", 01777);  // runc gives a tmpfs the mode of the folder below it
  for (auto& [path, file] : libraries) tar.file(path, fs::canonical(file), true);
  return tar;
}

static Descriptor write_blob(const fs::path& blobs, std::string_view type, const json::value& value) {
  std::string bytes = canonical(value);
  Descriptor descriptor{std::string(type), digest_of(bytes), bytes.size()};
  write_file(blobs / descriptor.digest.substr(7), bytes);
  return descriptor;
}

BuiltImage build_image(const ImageParts& parts, const fs::path& layout) {
  auto libraries = needed_libraries(parts.module);
  for (auto& [name, file] : parts.opened) libraries.merge(needed_libraries(file));
  TarWriter opened, module, model;
  for (auto& [name, file] : parts.opened) {
    libraries.erase("lib/" + name);
    opened.file("lib/" + name, fs::canonical(file), true);
  }
  module.file("gyre/module", fs::canonical(parts.module), true);
  model.file("model/model.onnx", parts.model);
  model.bytes("model/manifest.json", pretty(parts.about) + "\n");

  fs::path blobs = layout / "blobs" / "sha256";
  make_folders(blobs);
  BuiltImage image;
  json::array layers, diff_ids;
  for (auto& tar : {base_layer(libraries), opened, module, model}) {
    image.layers.push_back(write_layer(tar, blobs));
    layers.push_back(to_json(image.layers.back().descriptor));
    diff_ids.push_back(json::string(image.layers.back().diff_id));
  }
  json::object labels;
  for (auto& [key, value] : parts.labels) labels[key] = value;
  // No time in it: equal parts are an equal image.
  json::object config{{"architecture", architecture()},
                      {"os", "linux"},
                      {"config",
                       {{"User", "1000:1000"},
                        {"WorkingDir", "/"},
                        {"Env", json::array{"PATH=/gyre", "LD_LIBRARY_PATH=/lib"}},
                        {"Entrypoint", json::array{"/gyre/module"}},
                        {"Cmd", json::array{"run", "--input", "/input", "--model", "/model/model.onnx"}},
                        {"Labels", labels}}},
                      {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
  Descriptor config_blob = write_blob(blobs, config_type, config);
  image.manifest = write_blob(blobs, manifest_type,
                              {{"schemaVersion", 2},
                               {"mediaType", manifest_type},
                               {"config", to_json(config_blob)},
                               {"layers", layers},
                               {"annotations", labels}});
  json::object entry = to_json(image.manifest);
  entry["platform"] = {{"architecture", architecture()}, {"os", "linux"}};
  entry["annotations"] = {{"org.opencontainers.image.ref.name", "latest"}};
  write_file(layout / "index.json",
             canonical({{"schemaVersion", 2}, {"mediaType", index_type}, {"manifests", json::array{entry}}}));
  write_file(layout / "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
  return image;
}

}  // namespace gyre

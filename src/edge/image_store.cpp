#include "edge/image_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/gzip.hpp"
#include "base/hash.hpp"
#include "base/tar.hpp"

namespace gyre {

namespace {

constexpr std::uint64_t most_layer_bytes = std::uint64_t{4} << 30;  // unpacked

std::string hex_of(const std::string& digest) { return digest.substr(digest.find(':') + 1); }

// A small document: a manifest, a list of referrers.
std::string get_document(const std::string& url, const std::string& accept, const HttpOptions& http) {
  Response response = http_request("GET", url, {}, {{"Accept", accept}}, http);
  if (response.status == 404)
    throw Error(Code::not_found, url + " is not there", "push the image to this registry first");
  if (response.status != 200)
    throw Error(Code::unavailable, url + " answers with status " + std::to_string(response.status));
  return response.body;
}

std::int64_t size_of(const fs::path& file) {
  std::error_code error;
  auto size = fs::file_size(file, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

ImageStore::ImageStore(fs::path state) : state_(std::move(state)) {
  for (auto* name : {"layers", "images", "partial"}) make_folders(state_ / name);
}

fs::path ImageStore::image_file(const std::string& digest) const {
  return state_ / "images" / (hex_of(digest) + ".json");
}
fs::path ImageStore::layer_folder(const std::string& digest) const { return state_ / "layers" / hex_of(digest); }

bool ImageStore::has(const std::string& digest) const { return fs::exists(image_file(digest)); }

void ImageStore::fetch_blob(const std::string& url, const Descriptor& blob, const fs::path& file,
                            const HttpOptions& http, const std::function<void(std::int64_t)>& downloaded) {
  auto expected = static_cast<std::int64_t>(blob.size);  // 0: not known before
  while (true) {
    std::int64_t start = size_of(file);
    bool whole = expected > 0 && start == expected;
    if (!whole) {
      FileHandle out = open_file(file, O_WRONLY | O_CREAT | O_APPEND);
      Headers headers;
      if (start > 0) headers["Range"] = "bytes=" + std::to_string(start) + "-";
      std::int64_t taken = 0;
      auto take = [&](std::string_view bytes) {
        taken += static_cast<std::int64_t>(bytes.size());
        if (expected > 0 && taken > expected)
          throw Error(Code::invalid,
                      url + " sends more than the " + std::to_string(expected) + " bytes it should have");
        write_all(out.get(), bytes, file);
      };
      Response response = http_download(url, take, headers, http);
      downloaded(taken);
      if (response.status != 200 && response.status != 206) {
        if (::ftruncate(out.get(), start) != 0) throw system_error(errno, file.string());
        if (response.status == 404) throw Error(Code::not_found, url + " is not there");
        if (response.status == 416 && start > 0) {
          remove_all(file);
          continue;
        }
        throw Error(Code::unavailable, url + " answers with status " + std::to_string(response.status));
      }
      if (response.status == 200 && start > 0) {  // no Range here: what was appended is the whole
        remove_all(file);
        continue;
      }
    }
    if (digest_of_file(file) == blob.digest) return;
    remove_all(file);
    // What was there before may have been damaged by whatever killed us; fresh bytes that are wrong are refused.
    if (start == 0)
      throw Error(Code::invalid, url + " sends bytes that do not have their digest",
                  "the image was altered: push it again");
  }
}

void ImageStore::unpack(const fs::path& blob, const Descriptor& layer) {
  fs::path staging = state_ / "partial" / (hex_of(layer.digest) + ".unpacking");
  remove_all(staging);  // of a killed one
  make_folders(staging);
  TarExtractor extractor(staging, "layer " + layer.digest, {.bytes = most_layer_bytes});
  auto to_tar = [&](std::string_view bytes) { extractor.add(bytes); };
  Gunzip unzip(to_tar, most_layer_bytes, "layer " + layer.digest);
  FileHandle in = open_file(blob, O_RDONLY);
  std::string buffer(std::size_t{64} << 10, '\0');
  for (ssize_t n; (n = ::read(in.get(), buffer.data(), buffer.size())) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(errno, blob.string());
    unzip.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
  }
  unzip.finish();
  extractor.finish();
  fs::path target = layer_folder(layer.digest);
  if (::rename(staging.c_str(), target.c_str()) != 0) throw system_error(errno, target.string());
  sync_folder(target.parent_path());
}

void ImageStore::install(const ImageReference& image, const std::string& registry,
                         const std::string& trusted_public_pem, const HttpOptions& http,
                         const std::function<void(std::int64_t)>& downloaded) {
  if (has(image.digest)) return;
  std::string base = registry + "/v2/" + image.name;
  std::string referrers = get_document(base + "/referrers/" + image.digest, std::string(index_type), http);
  require_signature(parse_json(referrers, "referrers of " + image.text()), image.digest, {trusted_public_pem});

  std::string text = get_document(base + "/manifests/" + image.digest, std::string(manifest_type), http);
  downloaded(static_cast<std::int64_t>(referrers.size() + text.size()));
  if (digest_of(text) != image.digest)
    throw Error(Code::invalid, "the manifest of " + image.text() + " does not have its digest",
                "the image was altered: push it again");
  ImageManifest manifest = parse_image_manifest(text, "manifest of " + image.text());

  json::array layers;
  for (auto& layer : manifest.layers) {
    layers.emplace_back(layer.digest);
    if (fs::exists(layer_folder(layer.digest))) continue;
    fs::path blob = partial() / hex_of(layer.digest);
    fetch_blob(base + "/blobs/" + layer.digest, layer, blob, http, downloaded);
    unpack(blob, layer);
    remove_all(blob);
  }
  fs::path config_file = partial() / hex_of(manifest.config.digest);
  fetch_blob(base + "/blobs/" + manifest.config.digest, manifest.config, config_file, http, downloaded);
  json::value config = read_json_file(config_file);
  // Written last: an image is here when this file is.
  write_file(image_file(image.digest),
             pretty(json::object{{"image", image.text()}, {"layers", layers}, {"config", config}}));
  remove_all(config_file);
}

std::vector<fs::path> ImageStore::layers(const std::string& digest) const {
  std::vector<fs::path> folders;
  json::value image = read_json_file(image_file(digest));
  for (auto& layer : image.at("layers").as_array()) folders.push_back(layer_folder(json::value_to<std::string>(layer)));
  return folders;
}

json::object ImageStore::config(const std::string& digest) const {
  return read_json_file(image_file(digest)).at("config").as_object();
}

void ImageStore::keep_only(const std::set<std::string>& digests) {
  std::set<std::string> files, folders;
  for (auto& digest : digests) {
    if (!has(digest)) continue;
    files.insert(image_file(digest).filename());
    for (auto& layer : layers(digest)) folders.insert(layer.filename());
  }
  auto sweep = [](const fs::path& folder, const std::set<std::string>& keep) {
    for (auto& entry : fs::directory_iterator(folder))
      if (!keep.contains(entry.path().filename())) remove_all(entry.path());
  };
  sweep(state_ / "images", files);  // first: an image that is listed must be whole
  sweep(state_ / "layers", folders);
  sweep(state_ / "partial", {});
}

}  // namespace gyre

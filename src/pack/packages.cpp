#include "pack/packages.hpp"

#include <mutex>
#include <set>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "pack/registry.hpp"
#include "track/lineage.hpp"

namespace gyre {

SigningKey workspace_signing_key(Workspace& workspace) {
  static std::mutex making;  // two requests at once must not make two keys
  std::lock_guard lock(making);
  fs::path file = workspace.keys() / "signing.pem";
  if (!fs::exists(file)) write_file(file, make_signing_key().private_pem, 0600);
  SigningKey key = signing_key_from(read_file(file));
  fs::path shown = workspace.keys() / "signing.pub";
  if (!fs::exists(shown) || read_file(shown) != key.public_pem) write_file(shown, key.public_pem);
  return key;
}

namespace {

// The one image of an image layout.
struct Layout {
  Descriptor descriptor;
  std::string manifest_bytes;
  ImageManifest manifest;
  json::value config;
};

std::string blob_of(const fs::path& layout, const Descriptor& descriptor) {
  fs::path file = layout / "blobs" / "sha256" / descriptor.digest.substr(7);
  if (!fs::exists(file))
    throw Error(Code::invalid, "the package lacks its blob " + descriptor.digest, "make it again with `gyre package`");
  std::string bytes = read_file(file);
  if (digest_of(bytes) != descriptor.digest)
    throw Error(Code::invalid, "blob " + descriptor.digest + " of the package was altered",
                "make it again with `gyre package`");
  return bytes;
}

Layout read_layout(const fs::path& folder) {
  if (!fs::exists(folder / "index.json") || !fs::exists(folder / "oci-layout"))
    throw Error(Code::invalid, "this is no package: it has no index.json",
                "a package is the folder that `gyre package` makes");
  json::value index = read_json_file(folder / "index.json");
  const json::value* manifests = find(index, "manifests");
  if (!manifests || !manifests->is_array() || manifests->get_array().size() != 1)
    throw Error(Code::invalid, "index.json of the package does not list exactly one image");
  Layout layout{.descriptor = descriptor_from(manifests->get_array()[0])};
  layout.manifest_bytes = blob_of(folder, layout.descriptor);
  layout.manifest = parse_image_manifest(layout.manifest_bytes, "the package's manifest");
  layout.config = parse_json(blob_of(folder, layout.manifest.config), "the package's configuration");
  for (auto& layer : layout.manifest.layers) blob_of(folder, layer);
  return layout;
}

std::set<std::string> digests_of(const ImageManifest& manifest) {
  std::set<std::string> digests{manifest.config.digest};
  for (auto& layer : manifest.layers) digests.insert(layer.digest);
  return digests;
}

std::string label_of(const json::value& config, std::string_view name) {
  const json::value* inner = find(config, "config");
  const json::value* labels = inner ? find(*inner, "Labels") : nullptr;
  return labels ? string_or(*labels, name, "") : "";
}

Package package_from(const Row& row) { return parse_json(get_string(row, "record"), "package").as_object(); }

void sign_in_registry(Registry& registry, const std::string& name, const SigningKey& key, const Descriptor& image) {
  registry.link_blob(name, registry.workspace().blobs().put_bytes("{}"));
  std::string bytes = canonical(signature_manifest(sign_image(key, image.digest), image));
  registry.put_manifest(name, digest_of(bytes), std::string(manifest_type), bytes);
}

}  // namespace

std::uint64_t update_bytes(Workspace& workspace, const std::string& name, const std::string& former,
                           const std::string& image) {
  Registry registry(workspace);
  StoredManifest to = registry.get_manifest(name, image);
  auto have = former.empty() ? std::set<std::string>()
                             : digests_of(parse_image_manifest(registry.get_manifest(name, former).bytes, former));
  ImageManifest manifest = parse_image_manifest(to.bytes, image);
  std::uint64_t sum = to.bytes.size();
  if (!have.count(manifest.config.digest)) sum += manifest.config.size;
  for (auto& layer : manifest.layers)
    if (have.insert(layer.digest).second) sum += layer.size;
  return sum;
}

Package push_package(Workspace& workspace, const std::string& package, const std::string& given_name,
                     const std::string& who) {
  static constexpr auto hint = "a package is the folder that `gyre package` makes";
  if (!workspace.blobs().has(package)) throw Error(Code::not_found, "no package with digest " + package, hint);
  if (!workspace.blobs().is_tree(package)) throw Error(Code::invalid, package + " is one file and no package", hint);
  fs::path folder = workspace.blobs().open(package);
  Layout layout = read_layout(folder);
  std::string name = given_name.empty() ? label_of(layout.config, "org.opencontainers.image.title") : given_name;
  if (!is_image_name(name) || name == data_repository)
    throw Error(Code::invalid, "\"" + name + "\" cannot be a package's name",
                "lower case letters and digits, joined by . _ - and /");
  const std::string& digest = layout.descriptor.digest;
  if (auto row = workspace.rows().one("SELECT record FROM package WHERE name = $1 AND digest = $2", {name, digest}))
    return package_from(*row);

  SigningKey key = workspace_signing_key(workspace);
  auto former = workspace.rows().one("SELECT digest FROM package WHERE name = $1 ORDER BY id DESC LIMIT 1", {name});
  json::array layers;
  for (auto& layer : layout.manifest.layers) layers.push_back({{"digest", layer.digest}, {"size", layer.size}});
  Package record{{"image", name + "@" + digest},
                 {"name", name},
                 {"digest", digest},
                 {"bytes", layout.manifest.bytes()},
                 {"layers", layers},
                 {"model", label_of(layout.config, "gyre.model")},
                 {"key", key.id},
                 {"pushed_at", iso_now()}};
  Registry registry(workspace);
  for (auto& part : digests_of(layout.manifest))
    if (!workspace.blobs().has(part)) workspace.blobs().put_file(folder / "blobs/sha256" / part.substr(7));
  // One transaction: an image is never to be seen without its signature, nor a package without its image.
  workspace.rows().transaction([&] {
    for (auto& part : digests_of(layout.manifest)) registry.link_blob(name, part);
    registry.put_manifest(name, "latest", std::string(manifest_type), layout.manifest_bytes);
    sign_in_registry(registry, name, key, {std::string(manifest_type), digest, layout.manifest_bytes.size()});
    std::string before = former ? get_string(*former, "digest") : "";
    record["update_bytes"] = update_bytes(workspace, name, before, digest);
    if (former) record["former"] = before;
    workspace.rows().run("INSERT INTO package (name, digest, record, pushed_at) VALUES ($1, $2, $3, $4)",
                         {name, digest, canonical(record), now_ms()});
    add_edge(workspace, {"data", package}, {"image", digest}, "published");
    for (auto& version : workspace.rows().query("SELECT model, version FROM model_version WHERE digest = $1",
                                                {get_string(record, "model")}))
      add_edge(workspace, {"model", get_string(version, "model") + "@" + std::to_string(get_int(version, "version"))},
               {"image", digest}, "packaged");
    workspace.audit(who, "package.push", get_string(record, "image"), nullptr, record);
  });
  return record;
}

std::vector<Package> list_packages(Workspace& workspace) {
  std::vector<Package> packages;
  for (auto& row : workspace.rows().query("SELECT record FROM package ORDER BY id DESC"))
    packages.push_back(package_from(row));
  return packages;
}

Package get_package(Workspace& workspace, const std::string& reference) {
  auto at = reference.find('@');
  std::string name = reference.substr(0, at);
  auto row = at == reference.npos
                 ? workspace.rows().one("SELECT record FROM package WHERE name = $1 ORDER BY id DESC LIMIT 1", {name})
                 : workspace.rows().one("SELECT record FROM package WHERE name = $1 AND digest = $2",
                                        {name, reference.substr(at + 1)});
  if (!row) throw Error(Code::not_found, "there is no package " + reference, "`gyre packages` lists them");
  return package_from(*row);
}

}  // namespace gyre

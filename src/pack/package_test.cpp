#include <doctest/doctest.h>

#include <cstdlib>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/tar.hpp"
#include "pack/image.hpp"
#include "pack/libraries.hpp"
#include "pack/packages.hpp"
#include "pack/registry.hpp"

using namespace gyre;

namespace {

// Keeps a test's layers out of the user's cache.
struct OwnCache {
  TemporaryFolder folder;
  OwnCache() { ::setenv("GYRE_CACHE", folder.path().c_str(), 1); }
  ~OwnCache() { ::unsetenv("GYRE_CACHE"); }
};

struct Maker {
  OwnCache cache;
  TemporaryFolder folder;
  Workspace workspace{Workspace::init(folder.path())};

  BuiltImage build(const std::string& layout, const std::string& model, const std::string& name = "bottle") {
    write_file(folder.path() / "model.onnx", model);
    // Any program will do in the module's place; a library stands for what is opened at run time.
    ImageParts parts{.module = "/bin/true",
                     .opened = {{"libopened.so.1", "/bin/false"}},
                     .model = folder.path() / "model.onnx",
                     .about = {{"name", name}},
                     .labels = {{"org.opencontainers.image.title", name}, {"gyre.model", digest_of(model)}}};
    return build_image(parts, folder.path() / layout);
  }
  Package push(const std::string& layout, const std::string& name = "") {
    return push_package(workspace, workspace.blobs().put(folder.path() / layout), name, "test");
  }
};

// The tree that a device would unpack.
void unpack(const fs::path& layout, const BuiltImage& image, const fs::path& to) {
  fs::create_directories(to);
  for (auto& layer : image.layers) {
    TarExtractor extractor(to, "layer", {}, false);
    Gunzip gunzip([&](std::string_view bytes) { extractor.add(bytes); }, 1 << 30, "layer");
    gunzip.add(read_file(layout / "blobs/sha256" / layer.descriptor.digest.substr(7)));
    gunzip.finish();
    extractor.finish();
  }
}

}  // namespace

TEST_CASE("a new model is one new layer, and equal parts are an equal image") {
  Maker maker;
  BuiltImage first = maker.build("1", "model one"), second = maker.build("2", "model two");
  BuiltImage again = maker.build("3", "model one");
  REQUIRE(first.layers.size() == 4);
  for (std::size_t i = 0; i < 3; i++) CHECK(first.layers[i].descriptor.digest == second.layers[i].descriptor.digest);
  CHECK(first.layers[3].descriptor.digest != second.layers[3].descriptor.digest);
  CHECK(first.manifest.digest == again.manifest.digest);
  // Without the cache, or with a damaged one, the same bytes are made again.
  for (auto& entry : fs::directory_iterator(maker.cache.folder.path() / "layers")) write_file(entry.path(), "damaged");
  CHECK(maker.build("4", "model one").manifest.digest == first.manifest.digest);
  remove_tree(maker.cache.folder.path() / "layers");
  CHECK(maker.build("5", "model one").manifest.digest == first.manifest.digest);
}

TEST_CASE("an image holds the program, all that it needs, and the model") {
  Maker maker;
  BuiltImage image = maker.build("1", "model one");
  fs::path root = maker.folder.path() / "root";
  unpack(maker.folder.path() / "1", image, root);
  CHECK(read_file(root / "gyre/module") == read_file("/bin/true"));
  CHECK(read_file(root / "lib/libopened.so.1") == read_file("/bin/false"));
  CHECK(read_file(root / "model/model.onnx") == "model one");
  CHECK(get_string(read_json_file(root / "model/manifest.json"), "name") == "bottle");
  CHECK(fs::exists(root / "lib/libc.so.6"));
  for (auto& [path, file] : needed_libraries("/bin/true")) CHECK_MESSAGE(fs::exists(root / path), path);
  CHECK((fs::status(root / "tmp").permissions() & fs::perms::mask) == fs::perms(01777));
  for (auto name : {"dev", "proc", "sys", "etc", "input"}) CHECK(fs::is_directory(root / name));
}

TEST_CASE("what ldd says is understood, and a missing library is named") {
  auto files = parse_ldd(
      "\tlinux-vdso.so.1 (0x00007f)\n\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f)\n"
      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n",
      "program");
  CHECK(files == std::map<std::string, fs::path>{{"lib/libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1"},
                                                 {"lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2"}});
  CHECK_THROWS_WITH_AS(parse_ldd("\tlibgone.so.1 => not found\n", "program"),
                       "program needs libgone.so.1, which is not on this machine", Error);
}

TEST_CASE("a pushed package is signed, listed, and its update is what is new in it") {
  Maker maker;
  BuiltImage one = maker.build("1", "model one"), two = maker.build("2", std::string(100000, 'm') + "model two");
  Package first = maker.push("1"), second = maker.push("2");
  CHECK(get_string(first, "image") == "bottle@" + one.manifest.digest);
  CHECK(get_string(second, "former") == one.manifest.digest);
  CHECK(get_string(second, "model") == digest_of(std::string(100000, 'm') + "model two"));
  Registry registry(maker.workspace);
  ImageManifest manifest = parse_image_manifest(registry.get_manifest("bottle", two.manifest.digest).bytes, "m");
  CHECK(get_int(first, "update_bytes") == get_int(first, "bytes") + static_cast<std::int64_t>(one.manifest.size));
  CHECK(get_int(second, "update_bytes") ==
        static_cast<std::int64_t>(manifest.config.size + manifest.layers.back().size + two.manifest.size));
  CHECK(canonical(maker.push("1")) == canonical(first));  // again: nothing new
  CHECK(list_packages(maker.workspace).size() == 2);
  CHECK(get_package(maker.workspace, "bottle") == second);
  CHECK(get_package(maker.workspace, get_string(first, "image")) == first);
  CHECK_THROWS_AS(get_package(maker.workspace, "cup"), Error);

  SigningKey key = workspace_signing_key(maker.workspace);
  CHECK(read_file(maker.workspace.keys() / "signing.pub") == key.public_pem);
  CHECK((fs::status(maker.workspace.keys() / "signing.pem").permissions() & fs::perms(077)) == fs::perms::none);
  auto referrers = registry.referrers("bottle", two.manifest.digest, std::string(signature_type));
  CHECK(require_signature(referrers, two.manifest.digest, {key.public_pem}) == key.id);
  CHECK_THROWS_AS(require_signature(referrers, one.manifest.digest, {key.public_pem}), Error);
  for (auto& layer : manifest.layers) CHECK(registry.has_blob("bottle", layer.digest));
}

TEST_CASE("what is no package, or an altered one, is refused and leaves nothing") {
  Maker maker;
  BuiltImage image = maker.build("1", "model one");
  CHECK_THROWS_AS(push_package(maker.workspace, digest_of("nothing"), "bottle", "test"), Error);
  CHECK_THROWS_AS(push_package(maker.workspace, maker.workspace.blobs().put_bytes("file"), "bottle", "test"), Error);
  CHECK_THROWS_AS(maker.push("1", "Not A Name"), Error);
  CHECK_THROWS_AS(maker.push("1", "gyre-data"), Error);
  fs::path layer = maker.folder.path() / "1/blobs/sha256" / image.layers[3].descriptor.digest.substr(7);
  std::string bytes = read_file(layer);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_file(layer, bytes);
  CHECK_THROWS_AS(maker.push("1"), Error);
  fs::remove(layer);
  CHECK_THROWS_AS(maker.push("1"), Error);
  write_file(maker.folder.path() / "1/index.json", "{}");
  CHECK_THROWS_AS(maker.push("1"), Error);
  CHECK(list_packages(maker.workspace).empty());
  CHECK(Registry(maker.workspace).repositories("", 10).empty());
}

TEST_CASE("samples for devices are one flat archive that can be fetched") {
  Maker maker;
  fs::path data = maker.folder.path() / "data";
  for (auto name : {"good/1.jpg", "good/2.jpg", "bad/1.jpg", "bad/2.jpg", "bad__2.jpg"}) {
    fs::create_directories((data / name).parent_path());
    write_file(data / name, name);
  }
  std::string frames = maker.workspace.blobs().put(data);
  json::object made = publish_data(maker.workspace, {.frames = frames});
  CHECK(get_int(made, "samples") == 5);
  CHECK(publish_data(maker.workspace, {.frames = frames}) == made);
  std::string digest = get_string(made, "data");
  CHECK(Registry(maker.workspace).has_blob("gyre-data", digest));
  fs::path out = maker.folder.path() / "out";
  fs::create_directories(out);
  TarExtractor extractor(out, "data");
  extractor.add(maker.workspace.blobs().read(digest));
  extractor.finish();
  auto files = files_below(out);
  CHECK(files.size() == 5);
  for (auto& file : files) CHECK_FALSE(file.has_parent_path());
  CHECK(read_file(out / "good__1.jpg") == "good/1.jpg");
  CHECK_THROWS_AS(publish_data(maker.workspace, {.frames = digest_of("x")}), Error);
  fs::remove(maker.workspace.blobs().open(digest));  // it was remembered, but is gone
  CHECK(publish_data(maker.workspace, {.frames = frames}) == made);
  CHECK(maker.workspace.blobs().has(digest));
}

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "pack/oci_routes.hpp"

using namespace gyre;

namespace {

// The routes as a client meets them, without sockets.
struct Client {
  TemporaryFolder folder;
  std::unique_ptr<Workspace> workspace = std::make_unique<Workspace>(Workspace::init(folder.path()));
  std::unique_ptr<RouteTable> table = make_table();
  Response last;

  std::unique_ptr<RouteTable> make_table() {
    auto made = std::make_unique<RouteTable>();
    made->mount(oci_routes(*workspace, [](const Request& request) { return request.who == "local"; }),
                oci_error_response);
    return made;
  }
  void restart() {
    table.reset();
    workspace.reset();
    workspace = std::make_unique<Workspace>(folder.path() / ".gyre");
    table = make_table();
  }
  int send(const std::string& method, const std::string& url, const std::string& body = "", Headers headers = {},
           const std::string& who = "local") {
    Request request{.method = method, .path = url.substr(0, url.find('?')), .headers = std::move(headers)};
    if (auto question = url.find('?'); question != url.npos) {
      std::string rest = url.substr(question + 1);
      for (std::size_t at = 0; at < rest.size();) {
        auto end = std::min(rest.find('&', at), rest.size());
        auto equals = rest.find('=', at);
        request.query.emplace(rest.substr(at, equals - at), rest.substr(equals + 1, end - equals - 1));
        at = end + 1;
      }
    }
    request.who = who;
    if (method == "POST" || method == "PUT" || method == "PATCH") {  // spooled, as the server does
      write_file(folder.path() / "body", body);
      request.body_file = folder.path() / "body";
    }
    last = table->handle(request);
    return last.status;
  }
  std::string content() const { return last.file ? read_file(*last.file) : last.body; }
  std::string header(const std::string& name) const { return last.headers.count(name) ? last.headers.at(name) : ""; }
  std::string error() const {
    return json::value_to<std::string>(parse_json(last.body, "answer").at("errors").at(0).at("code"));
  }
  void push(const std::string& repository, const std::string& bytes) {
    REQUIRE(send("POST", "/v2/" + repository + "/blobs/uploads/?digest=" + digest_of(bytes), bytes) == 201);
  }
};

std::string manifest_of(const std::string& config, const std::string& layer, json::object more = {}) {
  more["schemaVersion"] = 2;
  more["mediaType"] = manifest_type;
  more["config"] = to_json(Descriptor{std::string(config_type), digest_of(config), config.size()});
  more["layers"] = json::array{to_json(Descriptor{std::string(layer_type), digest_of(layer), layer.size()})};
  return json::serialize(more);
}

const Headers manifest_header{{"Content-Type", std::string(manifest_type)}};

}  // namespace

TEST_CASE("an image goes in and out, by tag and by digest, also after a restart") {
  Client client;
  CHECK(client.send("GET", "/v2/") == 200);
  CHECK(client.send("HEAD", "/v2/a/b/blobs/" + digest_of("layer")) == 404);
  CHECK(client.error() == "BLOB_UNKNOWN");
  client.push("a/b", "config");
  client.push("a/b", "layer");
  std::string manifest = manifest_of("config", "layer");
  CHECK(client.send("PUT", "/v2/a/b/manifests/v1", manifest, manifest_header) == 201);
  CHECK(client.header("Docker-Content-Digest") == digest_of(manifest));
  client.restart();
  for (std::string reference : {std::string("v1"), digest_of(manifest)}) {
    CHECK(client.send("GET", "/v2/a/b/manifests/" + reference) == 200);
    CHECK(client.last.body == manifest);
    CHECK(client.last.content_type == manifest_type);
  }
  CHECK(client.send("GET", "/v2/a/b/blobs/" + digest_of("layer")) == 200);
  CHECK(client.content() == "layer");
  CHECK(client.send("GET", "/v2/_catalog") == 200);
  CHECK(client.last.body == "{\"repositories\":[\"a/b\"]}");
  // What one repository has, another has not, until it is mounted there.
  CHECK(client.send("GET", "/v2/other/blobs/" + digest_of("layer")) == 404);
  CHECK(client.send("POST", "/v2/other/blobs/uploads/?mount=" + digest_of("layer") + "&from=a/b") == 201);
  CHECK(client.send("GET", "/v2/other/blobs/" + digest_of("layer")) == 200);
  CHECK(client.send("POST", "/v2/other/blobs/uploads/?mount=" + digest_of("layer") + "&from=nowhere") == 202);
  // Content of the workspace that was never pushed stays in it.
  std::string secret = client.workspace->blobs().put_bytes("secret");
  CHECK(client.send("GET", "/v2/a/b/blobs/" + secret) == 404);
  CHECK(client.send("DELETE", "/v2/a/b/manifests/v1") == 202);
  CHECK(client.send("GET", "/v2/a/b/manifests/v1") == 404);
  CHECK(client.send("DELETE", "/v2/a/b/manifests/" + digest_of(manifest)) == 202);
  CHECK(client.send("GET", "/v2/a/b/manifests/" + digest_of(manifest)) == 404);
  CHECK(client.error() == "MANIFEST_UNKNOWN");
}

TEST_CASE("an upload in pieces goes on after a restart, and only in order") {
  Client client;
  REQUIRE(client.send("POST", "/v2/a/blobs/uploads/") == 202);
  std::string place = client.header("Location");
  CHECK(client.send("PATCH", place, "abc", {{"Content-Range", "0-2"}}) == 202);
  CHECK(client.header("Range") == "0-2");
  client.restart();
  CHECK(client.send("GET", place) == 204);
  CHECK(client.header("Range") == "0-2");
  CHECK(client.send("PATCH", place, "xyz", {{"Content-Range", "5-7"}}) == 416);
  CHECK(client.send("PATCH", place, "def", {{"Content-Range", "3-5"}}) == 202);
  CHECK(client.send("GET", "/v2/a/blobs/" + digest_of("abcdefg")) == 404);  // nothing half-done is seen
  CHECK(client.send("PUT", place + "?digest=" + digest_of("abcdefg"), "g") == 201);
  CHECK(client.send("GET", "/v2/a/blobs/" + digest_of("abcdefg")) == 200);
  CHECK(client.content() == "abcdefg");
  CHECK(client.send("GET", place) == 404);
  CHECK(client.error() == "BLOB_UPLOAD_UNKNOWN");
}

TEST_CASE("what is not what it says is refused and leaves nothing") {
  Client client;
  REQUIRE(client.send("POST", "/v2/a/blobs/uploads/") == 202);
  std::string place = client.header("Location");
  CHECK(client.send("PUT", place + "?digest=" + digest_of("good"), "bad") == 400);
  CHECK(client.error() == "DIGEST_INVALID");
  CHECK(client.send("GET", place) == 404);
  CHECK(client.send("GET", "/v2/a/blobs/" + digest_of("good")) == 404);
  CHECK(client.send("POST", "/v2/a/blobs/uploads/?digest=md5:1", "x") == 400);
  client.push("a", "config");
  std::string manifest = manifest_of("config", "layer");
  CHECK(client.send("PUT", "/v2/a/manifests/v1", manifest, manifest_header) == 404);
  CHECK(client.error() == "MANIFEST_BLOB_UNKNOWN");
  client.push("a", "layer");
  CHECK(client.send("PUT", "/v2/a/manifests/" + digest_of("other"), manifest, manifest_header) == 400);
  CHECK(client.error() == "DIGEST_INVALID");
  CHECK(client.send("PUT", "/v2/a/manifests/v1", manifest, {{"Content-Type", std::string(index_type)}}) == 400);
  CHECK(client.error() == "MANIFEST_INVALID");
  for (std::string bad : {"", "{", "[]", "{\"schemaVersion\":2,\"layers\":7}", "{\"schemaVersion\":2,\"layers\":[7]}",
                          "{\"schemaVersion\":2,\"subject\":7}", "{\"schemaVersion\":\"2\"}"})
    CHECK_MESSAGE(client.send("PUT", "/v2/a/manifests/v1", bad, manifest_header) == 400, bad);
  CHECK(client.send("PUT", "/v2/a/manifests/" + std::string(129, 't'), manifest, manifest_header) == 400);
  CHECK(client.send("PUT", "/v2/a/manifests/v1", std::string(5 << 20, ' '), manifest_header) == 413);
  CHECK(client.send("GET", "/v2/a/tags/list") == 404);
  CHECK(client.error() == "NAME_UNKNOWN");
  for (auto path : {"/v2/A/blobs/x", "/v2/../blobs/x", "/v2/a/nothing/x", "/v2/x", "/v2/a/tags/other"})
    CHECK(client.send("GET", path) >= 400);
  CHECK(client.send("GET", "/v2/a/blobs/uploads/..") == 404);
}

TEST_CASE("who may only read cannot write") {
  Client client;
  client.push("a", "config");
  CHECK(client.send("GET", "/v2/a/blobs/" + digest_of("config"), "", {}, "device-1") == 200);
  CHECK(client.send("POST", "/v2/a/blobs/uploads/", "", {}, "device-1") == 403);
  CHECK(client.error() == "DENIED");
  CHECK(client.send("DELETE", "/v2/a/blobs/" + digest_of("config"), "", {}, "device-1") == 403);
  CHECK(client.send("GET", "/v2/a/blobs/" + digest_of("config")) == 200);
}

TEST_CASE("tags come in pages") {
  Client client;
  client.push("a", "config");
  client.push("a", "layer");
  for (auto tag : {"v3", "v1", "v2"})
    REQUIRE(client.send("PUT", std::string("/v2/a/manifests/") + tag, manifest_of("config", "layer"),
                        manifest_header) == 201);
  CHECK(client.send("GET", "/v2/a/tags/list") == 200);
  CHECK(client.last.body == "{\"name\":\"a\",\"tags\":[\"v1\",\"v2\",\"v3\"]}");
  CHECK(client.header("Link").empty());
  CHECK(client.send("GET", "/v2/a/tags/list?n=2") == 200);
  CHECK(client.last.body == "{\"name\":\"a\",\"tags\":[\"v1\",\"v2\"]}");
  CHECK(client.header("Link") == "</v2/a/tags/list?n=2&last=v2>; rel=\"next\"");
  CHECK(client.send("GET", "/v2/a/tags/list?n=2&last=v2") == 200);
  CHECK(client.last.body == "{\"name\":\"a\",\"tags\":[\"v3\"]}");
  CHECK(client.send("GET", "/v2/a/tags/list?n=x") == 400);
}

TEST_CASE("what refers to a manifest is listed beside it, also before the manifest is there") {
  Client client;
  client.push("a", "config");
  client.push("a", "layer");
  std::string subject = manifest_of("config", "layer");
  json::object about{{"artifactType", "x/y"},
                     {"annotations", {{"k", "v"}}},
                     {"subject", to_json(Descriptor{std::string(manifest_type), digest_of(subject), subject.size()})}};
  std::string artifact = manifest_of("config", "layer", about);
  CHECK(client.send("PUT", "/v2/a/manifests/" + digest_of(artifact), artifact, manifest_header) == 201);
  CHECK(client.header("OCI-Subject") == digest_of(subject));
  CHECK(client.send("GET", "/v2/a/referrers/" + digest_of(subject)) == 200);
  CHECK(client.last.content_type == index_type);
  json::value list = parse_json(client.last.body, "answer").at("manifests");
  REQUIRE(list.as_array().size() == 1);
  CHECK(get_string(list.at(0), "digest") == digest_of(artifact));
  CHECK(get_string(list.at(0).at("annotations"), "k") == "v");
  CHECK(client.send("GET", "/v2/a/referrers/" + digest_of(subject) + "?artifactType=other") == 200);
  CHECK(parse_json(client.last.body, "answer").at("manifests").as_array().empty());
  CHECK(client.header("OCI-Filters-Applied") == "artifactType");
  CHECK(client.send("GET", "/v2/none/referrers/" + digest_of("x")) == 200);
}

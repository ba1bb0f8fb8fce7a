#include "data/routes.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/gather.hpp"
#include "data/labels.hpp"
#include "flow/engine.hpp"
#include "media/image.hpp"

using namespace gyre;

TEST_CASE("named data are described: folders, the first file, labels by class") {
  TemporaryFolder folder;
  Workspace workspace(Workspace::init(folder.path()));
  std::string picture = encode_png({4, 3, std::vector<std::uint8_t>(36, 7)});
  write_output(folder.path() / "in/good/a.png", picture);
  write_output(folder.path() / "in/good/b.png", picture + " ");
  write_output(folder.path() / "in/dented/c.png", "broken");
  keep_asset(workspace, "bottles", "images", workspace.blobs().put_folder(folder.path() / "in"));
  Labels labels;
  labels.of[digest_of(picture)] = {"good", "folder", ""};
  labels.declare("no_cap");
  keep_asset(workspace, "bottle-labels", "labels", workspace.blobs().put_bytes(to_text(labels)));

  RouteTable routes;
  routes.mount(data_routes(workspace));
  auto get = [&](const std::string& name) {
    Request request;
    request.method = "GET", request.path = "/api/data/" + name;
    Response response = routes.handle(request);
    return std::pair(response.status, parse_json(response.body, name));
  };
  auto [status, data] = get("bottles@1");
  CHECK(status == 200);
  CHECK(get_int(data, "files") == 3);
  CHECK(data.at("folders") == json::value{{"dented", 1}, {"good", 2}});
  CHECK(get_string(data, "first_is").starts_with("dented/c.png: neither JPEG nor PNG"));
  CHECK(get("bottle-labels").second.at("classes") == json::value{{"good", 1}, {"no_cap", 0}});
  CHECK(get("nothing").first == 404);
}

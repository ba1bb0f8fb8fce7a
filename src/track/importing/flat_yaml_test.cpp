#include "track/importing/flat_yaml.hpp"

#include <doctest/doctest.h>

using namespace gyre;

TEST_CASE("meta.yaml as MLflow writes it") {
  auto meta = parse_flat_yaml(
      "artifact_uri: file:///a/b: c\ndescription: 'it''s for: \"bottles\"'\nend_time: null\nname: \"ä\\nb\"\n"
      "long: one\n  two\n  three\ntags: {}\ninputs:\n- a: b\nstatus: 3\n");
  CHECK(meta["artifact_uri"] == "file:///a/b: c");
  CHECK(meta["description"] == "it's for: \"bottles\"");
  CHECK(meta["end_time"] == "");
  CHECK(meta["name"] == "ä\nb");
  CHECK(meta["long"] == "one two three");
  CHECK(meta["tags"] == "");
  CHECK(meta["status"] == "3");
}

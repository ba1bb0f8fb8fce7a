#include "edge/edge_state.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"

using namespace gyre;

static json::value desired(int version, const char* image) {
  return {{"$version", version}, {"modules", {{"bottle", {{"image", image}, {"input", "camera"}}}}}};
}

TEST_CASE("an older desired twin is dropped, a changed entry starts afresh") {
  TemporaryFolder folder;
  EdgeState state(folder.path());
  CHECK(state.desired().empty());
  CHECK(state.take_desired(desired(2, "a")));
  CHECK_FALSE(state.take_desired(desired(2, "b")));
  CHECK_FALSE(state.take_desired(desired(1, "b")));
  auto row = state.find_module("bottle").value();
  CHECK(row.wanted == R"({"image":"a","input":"camera"})");
  row.refused = true, row.error = "no", row.trial_starts = 3, row.committed = "old";
  state.save(row);

  CHECK(state.take_desired(desired(3, "a")));  // the same entry: still refused
  CHECK(state.find_module("bottle")->refused);
  CHECK(state.take_desired(desired(4, "b")));
  row = state.find_module("bottle").value();
  CHECK_FALSE(row.refused);
  CHECK(row.error.empty());
  CHECK(row.trial_starts == 0);
  CHECK(row.committed == "old");

  CHECK(state.take_desired({{"$version", 5}}));
  CHECK(state.find_module("bottle")->wanted.empty());
  CHECK(EdgeState(folder.path()).desired_version() == 5);
}

TEST_CASE("a desired twin without a version changes nothing") {
  TemporaryFolder folder;
  EdgeState state(folder.path());
  CHECK_THROWS_AS(state.take_desired({{"modules", json::object{}}}), Error);
  CHECK(state.desired_version() == 0);
}

TEST_CASE("the daily budget of samples survives a restart and a clock that is set back") {
  TemporaryFolder folder;
  constexpr std::int64_t day = 24LL * 60 * 60 * 1000;
  {
    EdgeState state(folder.path());
    CHECK(state.take_sample_budget("bottle", 2, 100 * day));
  }
  EdgeState state(folder.path());
  CHECK(state.take_sample_budget("bottle", 2, 100 * day + 5));
  CHECK_FALSE(state.take_sample_budget("bottle", 2, 100 * day + 6));
  CHECK_FALSE(state.take_sample_budget("bottle", 2, 99 * day));
  CHECK(state.take_sample_budget("gearbox", 2, 100 * day));
  CHECK(state.take_sample_budget("bottle", 2, 101 * day));
  CHECK_FALSE(state.take_sample_budget("bottle", 0, 102 * day));
}

TEST_CASE("downloads of an image add up") {
  TemporaryFolder folder;
  EdgeState state(folder.path());
  state.add_download("a", 10);
  state.add_download("a", 5);
  CHECK(state.downloaded("a") == 15);
  CHECK(state.downloaded("b") == 0);
}

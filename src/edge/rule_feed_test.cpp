#include "edge/rule_feed.hpp"

#include <doctest/doctest.h>

#include "media/series.hpp"

using namespace gyre;

static const Rule rule = {
    .name = "clean", .every_ms = 2000, .sql = "select max(time) as time, median(flow) as flow from readings"};

static std::string all(const fs::path& folder) {
  std::string text;
  for (auto& file : files_below(folder)) text += read_file(folder / file);
  return text;
}

TEST_CASE("a window's events become a file; raw files go when their windows are closed") {
  TemporaryFolder folder;
  fs::path raw = folder.path() / "raw", clean = folder.path() / "clean";
  RuleFeed feed(rule, raw, clean);
  write_file(raw / "1.csv", "time,flow\n0,1\n1,900\n1.5,2\n");
  write_file(raw / "2.csv", "time,flow\n2,5\n3,6\n");
  CHECK(feed.pump().empty());
  CHECK(all(clean) == "time,flow\n1.5,2\n");
  CHECK(waiting_inputs(raw) == std::vector<std::string>{"2.csv"});
}

TEST_CASE("each window is a file of its own, however many come at once") {
  TemporaryFolder folder;
  fs::path raw = folder.path() / "raw", clean = folder.path() / "clean";
  RuleFeed feed(rule, raw, clean);
  write_file(raw / "1.csv", "time,flow\n0,1\n2,2\n4,3\n6,4\n");
  feed.pump();
  CHECK(waiting_inputs(clean).size() == 3);
}

TEST_CASE("after a kill the open window is read again, the closed one is not answered twice") {
  TemporaryFolder folder;
  fs::path raw = folder.path() / "raw", clean = folder.path() / "clean";
  {
    RuleFeed feed(rule, raw, clean);
    write_file(raw / "1.csv", "time,flow\n0,1\n1,1\n2,7\n");
    feed.pump();
    CHECK(all(clean) == "time,flow\n1,1\n");
    for (auto& file : files_below(clean)) remove_all(clean / file);  // the module took it
  }
  RuleFeed feed(rule, raw, clean);
  write_file(raw / "2.csv", "time,flow\n3,9\n4,1\n");
  feed.pump();
  CHECK(all(clean) == "time,flow\n3,8\n");
}

TEST_CASE("what is no telemetry is given back, what is late is counted") {
  TemporaryFolder folder;
  fs::path raw = folder.path() / "raw", clean = folder.path() / "clean";
  RuleFeed feed(rule, raw, clean);
  write_file(raw / "1.csv", "time,flow\n0,1\n5,hot\n");
  CHECK(feed.pump() == std::vector<std::string>{"1.csv"});
  remove_all(raw / "1.csv");
  write_file(raw / "2.csv", "time,flow\n10,1\n0,3\n");
  CHECK(feed.pump().empty());
  CHECK(feed.late() == 1);
  feed.take_counts();
  CHECK(feed.late() == 0);
}

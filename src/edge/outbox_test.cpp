#include "edge/outbox.hpp"

#include <doctest/doctest.h>

#include "base/clock.hpp"
#include "base/file.hpp"

using namespace gyre;

static json::value sized(std::size_t bytes) { return json::string(std::string(bytes - 2, 'x')); }

TEST_CASE("messages keep their order and numbers over a restart, and go when acknowledged") {
  TemporaryFolder folder;
  std::int64_t first = 0;
  {
    Sqlite db(folder.path() / "state.db");
    Outbox outbox(db, 1 << 20);
    first = outbox.put("reported", {{"a", 1}});
    CHECK(first >= now_ms() - 60'000);  // a wiped device does not repeat old numbers
    CHECK(outbox.put("answers", {{"b", 2}}) == first + 1);
    outbox.acknowledge(first + 1);
  }
  Sqlite db(folder.path() / "state.db");
  Outbox outbox(db, 1 << 20);
  CHECK(outbox.put("event", nullptr) == first + 2);
  auto all = outbox.after(0, 10);
  REQUIRE(all.size() == 2);
  auto message = parse_json(all[0].payload, "message");
  CHECK(get_int(message, "seq") == first);
  CHECK(get_string(message, "kind") == "reported");
  CHECK(message.at("body").at("a") == 1);
}

TEST_CASE("a full outbox drops answers before samples before reported, oldest first, and counts") {
  Sqlite db(":memory:");
  Outbox outbox(db, 300);
  auto reported = outbox.put("reported", sized(100));
  auto sample = outbox.put("sample", sized(100));
  outbox.put("answers", sized(100));
  auto newer = outbox.put("answers", sized(100));
  auto left = outbox.after(0, 10);
  REQUIRE(left.size() == 3);
  CHECK(left[2].seq == newer);
  auto second = outbox.put("reported", sized(100));
  auto third = outbox.put("reported", sized(100));
  left = outbox.after(0, 10);
  REQUIRE(left.size() == 3);
  CHECK(left[0].seq == reported);
  CHECK(left[1].seq == second);
  CHECK(left[2].seq == third);
  CHECK(outbox.put("answers", sized(100)) == 0);  // nothing below it to drop
  CHECK(outbox.dropped() == json::object{{"answers", 3}, {"sample", 1}});
  CHECK(sample > 0);
}

TEST_CASE("the sender stays within its window, and sends again after a break or when no answer comes") {
  Sqlite db(":memory:");
  Outbox outbox(db, 1 << 20);
  for (int i = 0; i < 100; i++) outbox.put("answers", i);
  bool open = true;
  std::vector<std::int64_t> sent;
  OutboxSender sender(outbox, [&](std::string_view payload) {
    if (open) sent.push_back(get_int(parse_json(payload, "payload"), "seq"));
    return open;
  });
  sender.send(0);
  CHECK(sent.size() == 64);
  sender.acknowledged(sent[1]);  // not in order: a broker may lose one between two others
  sender.send(1);
  CHECK(sent.size() == 65);
  CHECK(sent.back() == sent.front() + 64);
  auto first = sent.front();
  sent.clear();
  sender.start_over();
  sender.send(2);
  CHECK(sent.front() == first);
  CHECK(std::count(sent.begin(), sent.end(), first + 1) == 0);
  sent.clear();
  sender.send(20'000);
  CHECK(sent.size() == 64);
  open = false;
  sender.start_over();
  sender.send(20'001);
  open = true;
  sent.clear();
  sender.send(20'002);
  CHECK(sent.front() == first);
}

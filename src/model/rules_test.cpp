#include "model/rules.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/error.hpp"

using namespace gyre;

static const double missing = std::numeric_limits<double>::quiet_NaN();

static Rule rule(std::string sql, std::int64_t every_ms = 1000, std::int64_t lateness_ms = 0) {
  return {"test", "tumbling", every_ms, lateness_ms, std::move(sql)};
}

static std::vector<Row> replay(RuleEngine& engine, const std::vector<std::pair<double, double>>& readings) {
  std::vector<Row> events;
  auto keep = [&](const Row& event) { events.push_back(event); };
  for (auto& [time, value] : readings) engine.add(time, std::vector<double>{value}, keep);
  engine.flush(keep);
  return events;
}

static std::string refusal(const std::string& sql) {
  try {
    check_rule(to_json(rule(sql)), {"x"});
  } catch (const Error& error) {
    CHECK(error.code == Code::invalid);
    return error.text();
  }
  return "accepted";
}

TEST_CASE("rules: a spike vanishes in a median, a step stays") {
  RuleEngine engine(
      rule("select time, median(x) over (order by time rows between 2 preceding and 2 following) as x from readings"),
      {"x"});
  std::vector<std::pair<double, double>> readings;
  for (int i = 0; i < 30; i++) readings.emplace_back(i * 0.1, i == 5 || i == 6 ? 900 : i < 20 ? 5 : 6);
  auto events = replay(engine, readings);
  REQUIRE(events.size() == 30);
  for (int i = 0; i < 30; i++) CHECK(events[static_cast<std::size_t>(i)]["x"] == json::value(i < 20 ? 5.0 : 6.0));
  CHECK(engine.counts().windows == 3);
  CHECK(engine.counts().events == 30);
}

TEST_CASE("rules: windows follow the readings' time; missing values are NULL") {
  RuleEngine engine(rule("select min(time) as start, count(*) as n, count(x) as known, avg(x) as x from readings"),
                    {"x"});
  auto events = replay(engine, {{-0.5, 1}, {0, 1}, {0.9, 3}, {1.0, missing}, {5.2, 8}});
  REQUIRE(events.size() == 4);  // windows without readings give no event
  CHECK(events[0]["n"] == 1);
  CHECK(events[1]["x"] == 2.0);
  CHECK(events[2]["known"] == 0);
  CHECK(events[2]["x"].is_null());
  CHECK(events[3]["start"] == 5.2);
}

TEST_CASE("rules: late and unusable readings are counted, never lost silently") {
  RuleEngine strict(rule("select count(*) as n from readings"), {"x"});
  auto events = replay(strict, {{0.1, 1}, {1.1, 1}, {0.2, 1}, {missing, 1}, {1e300, 1}, {1.2, 1}});
  CHECK(strict.counts().used == 3);
  CHECK(strict.counts().late == 1);
  CHECK(strict.counts().dropped == 2);
  CHECK(events[1]["n"] == 2);

  RuleEngine patient(rule("select count(*) as n from readings", 1000, 500), {"x"});
  events = replay(patient, {{0.1, 1}, {1.1, 1}, {0.2, 1}, {1.6, 1}, {0.3, 1}});
  CHECK(patient.counts().late == 1);
  CHECK(events[0]["n"] == 2);
  CHECK(events[1]["n"] == 2);
}

TEST_CASE("rules: statistics by hand") {
  RuleEngine engine(rule("select median(x) as m, percentile(x, 25) as q, stddev(x) as s, mad(x) as d, "
                         "(select count(*) from readings r where r.x > 2) as more from readings"),
                    {"x"});
  auto events = replay(engine, {{0, 1}, {0.1, 2}, {0.2, missing}, {0.3, 4}, {0.4, 9}});
  REQUIRE(events.size() == 1);
  CHECK(events[0]["m"] == 3.0);
  CHECK(events[0]["q"] == 1.75);
  CHECK(events[0]["s"].as_double() == doctest::Approx(std::sqrt((9 + 4 + 0 + 25) / 3.0)));
  CHECK(events[0]["d"] == 1.5);
  CHECK(events[0]["more"] == 2);
}

TEST_CASE("rules: bad SQL is refused before a reading comes, by name") {
  CHECK(refusal("select x from readings") == "accepted");
  CHECK(refusal("with m as (select avg(x) as a from readings) select a from m") == "accepted");
  CHECK(refusal("selekt x from readings") == "rule test: near \"selekt\": syntax error");
  CHECK(refusal("select y from readings") == "rule test: no such column: y");
  CHECK(refusal("select \"y\" from readings") == "rule test: no such column: y");
  CHECK(refusal("select x from other") == "rule test: no such table: other");
  CHECK(refusal("") == "rule test: the SQL is empty");
  CHECK(refusal("select x from readings; select 1") == "rule test: more than one statement");
  CHECK(refusal("select x, x from readings") == "rule test: gives two columns named \"x\"");
  CHECK(refusal("select ? from readings").find("parameters") != std::string::npos);
  for (const char* sql : {"delete from readings", "attach 'a.db' as a", "pragma journal_mode", "create table a(b)",
                          "vacuum into '/tmp/x'", "select load_extension('a')", "select * from sqlite_master",
                          "insert into readings values (1, 2)", "select random()", "select randomblob(1000)",
                          "select * from pragma_database_list", "begin", "select date('now')",
                          "with recursive r(n) as (select 1 union all select n + 1 from r) select n from r"}) {
    CAPTURE(sql);
    CHECK(refusal(sql).starts_with("rule test: "));
  }
}

TEST_CASE("rules: a window that takes too much work fails alone") {
  RuleEngine engine(rule("select count(*) as n from readings a, readings b, readings c, readings d, readings e "
                         "where a.x + b.x + c.x + d.x + e.x < 0"),
                    {"x"});
  auto ignore = [](const Row&) {};
  for (int i = 0; i < 100; i++) engine.add(i * 0.001, std::vector<double>{1.0}, ignore);
  CHECK_THROWS_WITH_AS(engine.add(1.5, std::vector<double>{1.0}, ignore),
                       "rule test: takes too much work for one window", Error);
  std::int64_t n = -1;
  engine.flush([&](const Row& event) { n = event.at("n").as_int64(); });
  CHECK(n == 0);
  CHECK(engine.counts().failed == 1);
  CHECK(engine.counts().windows == 2);
}

TEST_CASE("rules: configuration errors name the rule and the member") {
  auto text = [](const char* config) {
    try {
      rule_from(parse_json(config, "test"));
    } catch (const Error& error) {
      return error.text();
    }
    return std::string("accepted");
  };
  CHECK(text(R"({"name":"a","every_ms":1000,"sql":"select 1"})") == "accepted");
  CHECK(text(R"({"every_ms":1000,"sql":""})") == "rule (unnamed): has no name");
  CHECK(text(R"({"name":"a","sql":"select 1"})") == "rule a: has no \"every_ms\"");
  CHECK(text(R"({"name":"a","every_ms":0,"sql":"select 1"})").starts_with("rule a: every_ms is 0"));
  CHECK(text(R"({"name":"a","every_ms":1,"sql":"","evry":1})") == "rule a: unknown member \"evry\"");
  CHECK(text(R"({"name":"a","window":"session","every_ms":1,"sql":""})").starts_with("rule a: unknown window"));
}

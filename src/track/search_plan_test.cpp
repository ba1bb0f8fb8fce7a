#include <algorithm>
#include <cmath>
#include <random>

#include "track/search.hpp"
#include "track/testing.hpp"

using namespace gyre;
using namespace gyre::testing;

// Whichever way a search goes (by an index, through the runs in their order), it finds what a look at every run finds.
TEST_CASE("searches of runs find what a plain look at all of them finds, in its order, page by page") {
  Place place;
  std::mt19937 draw(7);
  auto below = [&](int n) { return static_cast<int>(draw() % static_cast<unsigned>(n)); };
  std::int64_t other = create_experiment(place.workspace, "other", "", {}, "me").id;
  for (int i = 0; i < 300; i++) {
    NewRun wanted{.experiment = below(4) ? 0 : other, .name = "r" + std::to_string(i), .started_at = 1 + below(200)};
    wanted.params = {{"few", std::to_string(below(60))}, {"many", std::to_string(below(3))}};
    if (below(2)) wanted.tags = {{"kind", std::to_string(below(10))}};
    auto run = create_run(place.workspace, wanted);
    std::vector<Point> points{{"loss", below(100) / 100.0, 1, 1}};
    if (below(10) == 0) points[0].value = std::nan("");
    if (below(3)) points.push_back({"rare", below(5) / 5.0, 1, 1});
    if (below(8)) log_batch(place.workspace, run.id, points, {}, {});
  }
  struct Known {
    Run run;
    const std::string* text(const Pairs& pairs, const std::string& key) const {
      for (auto& [name, value] : pairs)
        if (name == key) return &value;
      return nullptr;
    }
    const double* metric(const std::string& key) const {
      for (auto& point : run.metrics)
        if (point.key == key) return &point.value;
      return nullptr;
    }
  };
  auto all_of = [&](const std::vector<std::int64_t>& experiments) {
    std::vector<Known> all;
    for (auto& run : search_runs(place.workspace, experiments, {.limit = 1000}).found) all.push_back({run});
    return all;
  };
  auto number = [](double value) { return std::to_string(value).substr(0, 4); };
  std::size_t found = 0;
  for (int round = 0; round < 400; round++) {
    std::vector<std::int64_t> experiments =
        below(3) ? std::vector<std::int64_t>{0} : std::vector<std::int64_t>{0, other};
    std::vector<Known> wanted = all_of(experiments);
    std::string filter;
    auto keep = [&](const std::string& clause, const std::function<bool(const Known&)>& holds) {
      filter += (filter.empty() ? "" : " and ") + clause;
      std::erase_if(wanted, [&](const Known& known) { return !holds(known); });
    };
    for (int clauses = below(4); clauses > 0; clauses--) {
      std::string key = below(3) ? "loss" : "rare", param = below(2) ? "few" : "many";
      std::string text = std::to_string(below(param == "few" ? 60 : 3));
      double bound = std::stod(number(below(110) / 100.0));
      switch (below(8)) {
        case 0:
          keep("metrics." + key + " < " + number(bound),
               [=](auto& k) { return k.metric(key) && *k.metric(key) < bound; });
          break;
        case 1:
          keep("metrics." + key + " >= " + number(bound),
               [=](auto& k) { return k.metric(key) && *k.metric(key) >= bound; });
          break;
        case 2:
          keep("metrics." + key + " != " + number(bound),
               [=](auto& k) { return k.metric(key) && !(*k.metric(key) == bound); });
          break;
        case 3:
          keep("metrics." + key + " = " + number(bound),
               [=](auto& k) { return k.metric(key) && *k.metric(key) == bound; });
          break;
        case 4:
          keep("params." + param + " = '" + text + "'", [=](auto& k) { return *k.text(k.run.params, param) == text; });
          break;
        case 5:
          keep("params." + param + " LIKE '" + text + "%'",
               [=](auto& k) { return k.text(k.run.params, param)->starts_with(text); });
          break;
        case 6:
          keep("tags.kind = '" + text + "'",
               [=](auto& k) { return k.text(k.run.tags, "kind") && *k.text(k.run.tags, "kind") == text; });
          break;
        case 7:
          keep("tags.kind IS NULL", [=](auto& k) { return !k.text(k.run.tags, "kind"); });
          break;
      }
    }
    Search search{.filter = filter, .limit = static_cast<std::size_t>(1 + below(40))};
    bool down = below(2);
    auto by = [&](auto value_of) {
      std::stable_sort(wanted.begin(), wanted.end(), [&](const Known& a, const Known& b) {
        auto* left = value_of(a);
        auto* right = value_of(b);
        if (!left || !right) return left && !right;
        if constexpr (std::is_same_v<decltype(left), const double*>)  // a NaN comes after all numbers, either way
          if (std::isnan(*left) || std::isnan(*right)) return !std::isnan(*left) && std::isnan(*right);
        return down ? *right < *left : *left < *right;
      });
    };
    if (int order = below(4); order < 2) {
      std::string key = order ? "rare" : "loss";
      search.order_by = {"metrics." + key + (down ? " DESC" : " ASC")};
      by([&](const Known& known) { return known.metric(key); });
    } else if (order == 2) {
      search.order_by = {std::string("params.few") + (down ? " DESC" : " ASC")};
      by([&](const Known& known) { return known.text(known.run.params, "few"); });
    }
    std::string expected, seen;
    for (auto& known : wanted) expected += known.run.name + " ";
    do {
      auto page = search_runs(place.workspace, experiments, search);
      for (auto& run : page.found) seen += run.name + " ";
      search.page_token = page.next;
    } while (!search.page_token.empty());
    INFO(filter, " | ", search.order_by.empty() ? "" : search.order_by[0], " | ", search.limit);
    CHECK(seen == expected);
    found += wanted.size();
  }
  CHECK(found > 5000);
}

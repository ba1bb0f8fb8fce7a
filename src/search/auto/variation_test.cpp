#include "search/auto/variation.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace gyre;

TEST_CASE("variation: options stay what their learner takes, and most of them move") {
  Shape shape{.rows = 500, .numbers = 5, .categories = 3};
  for (auto& problem : {Problem{Task::regress}, Problem{Task::classify, 3}})
    for (auto& good : known_candidates(problem, shape)) {
      CAPTURE(good.name);
      std::set<std::string> seen;
      for (std::size_t number = 0; number < 50; number++) {
        auto varied = varied_candidate(good, shape, 1, number);
        CHECK(varied.learner == good.learner);
        CHECK(varied.options.size() == good.options.size());
        CHECK(complete(good.learner->fields, varied.options, good.name) == varied.options);
        CHECK(to_json(varied) == to_json(varied_candidate(good, shape, 1, number)));
        seen.insert(json::serialize(varied.options));
      }
      bool has_none_to_move = good.learner->name == "gaussian" || good.learner->name == "naive-bayes";
      CHECK(seen.size() > (has_none_to_move ? 0 : 10));
    }
}

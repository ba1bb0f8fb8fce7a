#include "search/auto/candidate.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"

namespace gyre {

json::object to_json(const Candidate& candidate) {
  return {{"name", candidate.name},
          {"learner", candidate.learner->name},
          {"options", candidate.options},
          {"categories", candidate.features.categories},
          {"scale", candidate.features.scale}};
}

namespace {

// A row of the table below. A learner that this program does not have, or that cannot do the task, is passed over.
struct Start {
  const char* name;
  const char* learner;
  std::vector<std::string> options;
  const char* categories = "auto";
  bool checked = false;
  bool classify = true, regress = true;
  std::size_t most_rows = SIZE_MAX;
};

const std::vector<Start>& starts() {
  static const std::vector<Start> list{
      {"lightgbm", "lightgbm", {}},
      {"linear", "linear", {}},
      {"extra forest", "forest", {"extra=true", "bootstrap=false", "trees=100"}},
      {"lightgbm slow",
       "lightgbm",
       {"rate=0.05", "rounds=1500", "feature-share=0.7", "row-share=0.8", "patience=60"},
       "auto",
       true},
      {"net", "net", {}, "auto", true, true, true, 100'000},
      {"lightgbm small",
       "lightgbm",
       {"rate=0.06", "rounds=1000", "leaves=8", "min-rows=5", "feature-share=0.6", "row-share=0.8", "l2=1",
        "patience=60"},
       "auto",
       true},
      {"forest", "forest", {"trees=100"}},
      {"xgboost",
       "xgboost",
       {"rate=0.06", "rounds=1000", "depth=6", "feature-share=0.7", "row-share=0.8", "patience=60"},
       "auto",
       true},
      {"lightgbm extra",
       "lightgbm",
       {"extra=true", "rate=0.06", "rounds=1500", "leaves=24", "min-rows=5", "feature-share=0.8", "patience=80"},
       "auto",
       true},
      {"neighbours", "neighbours", {"weights=distance", "k=9"}, "auto", false, true, true, 20'000},
      {"lightgbm large",
       "lightgbm",
       {"rate=0.05", "rounds=1500", "leaves=127", "min-rows=3", "feature-share=0.6", "row-share=0.8", "patience=60"},
       "auto",
       true,
       true,
       true,
       200'000},
      {"linear strict", "linear", {"penalty=10"}},
      {"linear loose", "linear", {"penalty=0.1"}},
      {"net wide", "net", {"units=256", "layers=2", "decay=0.001"}, "auto", true, true, true, 20'000},
      {"lightgbm target",
       "lightgbm",
       {"rate=0.05", "rounds=1000", "leaves=15", "min-rows=5", "feature-share=0.7", "patience=60"},
       "target",
       true},
      {"naive bayes", "naive-bayes", {}, "auto", false, true, false},
      {"tweedie",
       "lightgbm",
       {"loss=tweedie", "rate=0.05", "rounds=1000", "leaves=15", "min-rows=5", "feature-share=0.7", "patience=60"},
       "auto",
       true,
       false,
       true},
      {"huber",
       "lightgbm",
       {"loss=huber", "rate=0.05", "rounds=1000", "leaves=15", "min-rows=5", "feature-share=0.7", "patience=60"},
       "auto",
       true,
       false,
       true},
  };
  return list;
}

const Learner* find_learner(std::string_view name) {
  for (auto* learner : all_learners())
    if (learner->name == name) return learner;
  return nullptr;
}

bool has_option(const Learner& learner, const std::string& word) {
  std::string name = word.substr(0, word.find('='));
  return std::any_of(learner.fields.begin(), learner.fields.end(), [&](auto& field) { return field.name == name; });
}

std::string number(double value) { return json::serialize(json::value(value)); }

}  // namespace

std::vector<Candidate> first_candidates(const Problem& problem, std::size_t rows, std::size_t columns) {
  std::vector<Candidate> list;
  for (auto& start : starts()) {
    auto* learner = find_learner(start.learner);
    if (!learner || !learner->can(problem.task) || rows > start.most_rows) continue;
    if (problem.task == Task::classify ? !start.classify : !start.regress) continue;
    std::vector<std::string> words;
    for (auto& word : start.options)
      if (has_option(*learner, word)) words.push_back(word);
    Candidate candidate{start.name, learner, learner_options(*learner, words), {}, start.checked};
    candidate.features.categories = start.categories;
    list.push_back(std::move(candidate));
  }
  (void)columns;
  return list;
}

Candidate drawn_candidate(const Problem& problem, std::size_t rows, std::uint64_t seed, std::size_t trial) {
  Random random = Random(seed).split(trial);
  auto among = [&](std::initializer_list<const char*> words) {
    return std::string(words.begin()[random.below(words.size())]);
  };
  bool second = find_learner("xgboost") && find_learner("xgboost")->can(problem.task) && random.chance(0.25);
  const Learner& learner = get_learner(second ? "xgboost" : "lightgbm");
  double most_leaves = std::clamp(static_cast<double>(rows) / 8, 8.0, 160.0);
  std::vector<std::string> words{
      "rate=" + number(std::exp(random.uniform(std::log(0.02), std::log(0.12)))),
      "rounds=2000",
      "leaves=" + std::to_string(std::lround(std::exp(random.uniform(std::log(4.0), std::log(most_leaves))))),
      "depth=" + (second ? std::to_string(3 + random.below(6)) : "0"),
      "min-rows=" + std::to_string(1 + std::lround(std::exp(random.uniform(0, std::log(40.0))))),
      "feature-share=" + number(random.uniform(0.35, 1)),
      "row-share=" + number(random.uniform(0.6, 1)),
      "l2=" + number(std::exp(random.uniform(std::log(0.01), std::log(20.0)))),
      "extra=" + among({"true", "false", "false"}),
      "bins=" + among({"63", "255", "255", "511"}),
      "patience=60"};
  std::erase_if(words, [&](auto& word) { return !has_option(learner, word); });
  Candidate candidate{learner.name + " " + std::to_string(trial), &learner, learner_options(learner, words), {}, true};
  candidate.features.categories = among({"auto", "auto", "auto", "target", "one-hot"});
  return candidate;
}

}  // namespace gyre

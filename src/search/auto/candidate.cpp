#include "search/auto/candidate.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <sstream>

#include "base/random.hpp"
#include "learn/features/pairs.hpp"

namespace gyre {

Shape shape_of(const Table& table) {
  Shape shape{.rows = table.rows()};
  for (auto& column : table.columns) {
    shape.numbers += column.is_number();
    shape.categories += column.type == ColumnType::category && column.words.size() > 2;
  }
  return shape;
}

bool Shape::has_pairs() const { return numbers > 1 && numbers <= most_paired_columns; }

json::object to_json(const Candidate& candidate) {
  json::object text{{"name", candidate.name},
                    {"learner", candidate.learner->name},
                    {"options", candidate.options},
                    {"categories", candidate.features.categories},
                    {"pairs", candidate.features.pairs},
                    {"scale", candidate.features.scale}};
  if (candidate.sees != Sees::table) text["sees"] = candidate.sees == Sees::both ? "answers and table" : "answers";
  return text;
}

namespace {

// A row of the table below. A learner that this program does not have, or that cannot do the task, is passed over.
struct Start {
  const char* name;
  const char* learner;
  const char* options = "";  // NAME=VALUE, parted by spaces
  const char* categories = "auto";
  const char* scale = "auto";
  bool checked = false;
  bool pairs = false;
  std::size_t least_rows = 0, most_rows = SIZE_MAX;
  std::optional<Task> only{};
  Sees sees = Sees::table;
};

const std::vector<Start>& starts() {
  static const char* slow = "rate=0.05 rounds=1500 feature-share=0.7 row-share=0.8 patience=60";
  static const char* small =
      "rate=0.06 rounds=1000 leaves=8 min-rows=5 feature-share=0.6 row-share=0.8 l2=1 patience=60";
  static const char* large = "rate=0.05 rounds=1500 leaves=127 min-rows=3 feature-share=0.6 row-share=0.8 patience=60";
  static const char* extra = "extra=true rate=0.06 rounds=1500 leaves=24 min-rows=5 feature-share=0.8 patience=80";
  static const char* levels = "rate=0.06 rounds=1000 depth=6 feature-share=0.7 row-share=0.8 patience=60";
  static const char* some = "rate=0.05 rounds=1000 leaves=15 min-rows=5 feature-share=0.5 patience=60";
  static const std::vector<Start> list{
      {.name = "lightgbm", .learner = "lightgbm"},
      {.name = "linear", .learner = "linear"},
      {.name = "kernel", .learner = "kernel", .options = "penalty=0.03", .most_rows = 30'000},
      {.name = "extra forest", .learner = "forest", .options = "extra=true bootstrap=false trees=100"},
      {.name = "lightgbm small", .learner = "lightgbm", .options = small, .checked = true},
      {.name = "net", .learner = "net", .checked = true, .most_rows = 100'000},
      {.name = "lightgbm pairs", .learner = "lightgbm", .options = some, .checked = true, .pairs = true},
      {.name = "lightgbm slow", .learner = "lightgbm", .options = slow, .checked = true},
      {.name = "kernel narrow", .learner = "kernel", .options = "reach=0.5 penalty=0.1", .most_rows = 10'000},
      {.name = "forest", .learner = "forest", .options = "trees=100"},
      {.name = "xgboost", .learner = "xgboost", .options = levels, .checked = true},
      {.name = "lightgbm extra", .learner = "lightgbm", .options = extra, .checked = true},
      {.name = "extra forest pairs",
       .learner = "forest",
       .options = "extra=true bootstrap=false trees=100",
       .pairs = true},
      {.name = "neighbours", .learner = "neighbours", .options = "weights=distance k=9", .most_rows = 20'000},
      {.name = "linear pairs", .learner = "linear", .pairs = true},
      {.name = "kernel weighed",
       .learner = "kernel",
       .options = "reach=2 penalty=0.03 centres=1000",
       .scale = "relevance",
       .most_rows = 50'000},
      {.name = "neighbours weighed",
       .learner = "neighbours",
       .options = "weights=distance k=15",
       .scale = "relevance",
       .most_rows = 20'000},
      {.name = "kernel wide", .learner = "kernel", .options = "reach=2 penalty=0.01", .most_rows = 10'000},
      {.name = "lightgbm large", .learner = "lightgbm", .options = large, .checked = true, .most_rows = 200'000},
      {.name = "linear strict", .learner = "linear", .options = "penalty=10"},
      {.name = "linear loose", .learner = "linear", .options = "penalty=0.1"},
      {.name = "xgboost pairs", .learner = "xgboost", .options = levels, .checked = true, .pairs = true},
      {.name = "lightgbm target", .learner = "lightgbm", .options = some, .categories = "target", .checked = true},
      {.name = "net wide", .learner = "net", .options = "units=256", .checked = true, .most_rows = 20'000},
      {.name = "gaussian", .learner = "gaussian", .most_rows = 100'000, .only = Task::classify},
      {.name = "naive bayes", .learner = "naive-bayes", .only = Task::classify},
      {.name = "tweedie",
       .learner = "lightgbm",
       .options = "loss=tweedie rate=0.05 rounds=1000 leaves=15 patience=60",
       .checked = true,
       .only = Task::regress},
      {.name = "huber",
       .learner = "lightgbm",
       .options = "loss=huber rate=0.05 rounds=1000 leaves=15 patience=60",
       .checked = true,
       .only = Task::regress},
  };
  return list;
}

const std::vector<Start>& stacked_starts() {
  static const std::vector<Start> list{
      {.name = "stacked linear", .learner = "linear", .sees = Sees::answers},
      {.name = "stacked kernel",
       .learner = "kernel",
       .options = "reach=2 penalty=0.1 centres=500",
       .scale = "relevance",
       .sees = Sees::both},
      {.name = "stacked linear strict", .learner = "linear", .options = "penalty=30", .sees = Sees::answers},
      {.name = "stacked net", .learner = "net", .checked = true, .sees = Sees::both},
      {.name = "stacked linear beside", .learner = "linear", .options = "penalty=3", .sees = Sees::both},
      {.name = "stacked kernel alone",
       .learner = "kernel",
       .options = "reach=2 penalty=0.1 centres=500",
       .sees = Sees::answers},
  };
  return list;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
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

std::string in_words(double value) { return json::serialize(json::value(value)); }

}  // namespace

static std::vector<Candidate> candidates_from(const std::vector<Start>& starts, const Problem& problem,
                                              const Shape& shape) {
  std::vector<Candidate> list;
  for (auto& start : starts) {
    auto* learner = find_learner(start.learner);
    if (!learner || !learner->can(problem.task) || (start.only && *start.only != problem.task)) continue;
    if (shape.rows < start.least_rows || shape.rows > start.most_rows || (start.pairs && !shape.has_pairs())) continue;
    std::vector<std::string> words = words_of(start.options);
    std::erase_if(words, [&](auto& word) { return !has_option(*learner, word); });
    Candidate candidate{start.name, learner, learner_options(*learner, words), {}, start.checked, start.sees};
    candidate.features.categories =
        std::string_view(start.categories) == "auto" ? shape.category_encoding() : start.categories;
    candidate.features.scale = start.scale;
    candidate.features.pairs = start.pairs;
    list.push_back(std::move(candidate));
  }
  return list;
}

std::vector<Candidate> stacked_candidates(const Problem& problem, const Shape& shape) {
  return candidates_from(stacked_starts(), problem, shape);
}

std::vector<Candidate> known_candidates(const Problem& problem, const Shape& shape) {
  std::vector<Candidate> list = candidates_from(starts(), problem, shape);
  // Draws that are the same for every table, so that what they gave on others tells something.
  static constexpr std::size_t draws = 16;
  for (std::size_t i = 0; i < draws; i++) {
    list.push_back(drawn_candidate(problem, shape, 0, i));
    list.back().name = "drawn " + std::to_string(i);
  }
  return list;
}

Candidate drawn_candidate(const Problem& problem, const Shape& shape, std::uint64_t seed, std::size_t trial) {
  Random random = Random(seed).split(trial);
  auto among = [&](std::initializer_list<const char*> words) {
    return std::string(words.begin()[random.below(words.size())]);
  };
  bool second = find_learner("xgboost") && find_learner("xgboost")->can(problem.task) && random.chance(0.25);
  const Learner& learner = get_learner(second ? "xgboost" : "lightgbm");
  double most_leaves = std::clamp(static_cast<double>(shape.rows) / 8, 8.0, 160.0);
  std::vector<std::string> words{
      "rate=" + in_words(std::exp(random.uniform(std::log(0.02), std::log(0.12)))),
      "rounds=2000",
      "leaves=" + std::to_string(std::lround(std::exp(random.uniform(std::log(4.0), std::log(most_leaves))))),
      "depth=" + (second ? std::to_string(3 + random.below(6)) : "0"),
      "min-rows=" + std::to_string(1 + std::lround(std::exp(random.uniform(0, std::log(40.0))))),
      "feature-share=" + in_words(random.uniform(0.35, 1)),
      "row-share=" + in_words(random.uniform(0.6, 1)),
      "l2=" + in_words(std::exp(random.uniform(std::log(0.01), std::log(20.0)))),
      "extra=" + among({"true", "false", "false"}),
      "bins=" + among({"63", "255", "255", "511"}),
      "patience=60"};
  std::erase_if(words, [&](auto& word) { return !has_option(learner, word); });
  Candidate candidate{learner.name + " " + std::to_string(trial), &learner, learner_options(learner, words), {}, true};
  candidate.features.categories = among({shape.category_encoding(), shape.category_encoding(), "target", "one-hot"});
  candidate.features.pairs = shape.has_pairs() && random.chance(0.35);
  return candidate;
}

}  // namespace gyre

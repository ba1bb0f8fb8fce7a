// gyre train recommender: who rated what becomes a model of how anybody would rate anything.
#include "base/file.hpp"
#include "data/gather.hpp"
#include "learn/lineage.hpp"
#include "learn/table_model.hpp"
#include "learn/unsupervised/factors.hpp"

namespace gyre {

extern const Step step_train_recommender;

namespace {

struct Options {
  std::string user = "user";
  std::string item = "item";
  std::string rating = "rating";
  std::int64_t factors = 16;
  double penalty = 0.08;
  std::int64_t rounds = 20;
  bool clip = true;
  std::int64_t top = 10;
  double hold = 0.2;
  std::int64_t seed = 1;
};

json::object given(const Options& options) {
  return {{"user", options.user},       {"item", options.item},       {"rating", options.rating},
          {"factors", options.factors}, {"penalty", options.penalty}, {"rounds", options.rounds},
          {"clip", options.clip},       {"hold", options.hold},       {"seed", options.seed}};
}

Table ratings_table(const Options& options, StepContext& context) {
  auto file = context.input("table");
  TableOptions how{.name = name_of_input(file, "table")};
  how.types = {{options.user, ColumnType::category}, {options.item, ColumnType::category}};
  how.threads = context.threads();
  return read_table(file, how);
}

void run(const Options& options, StepContext& context) {
  Table table = ratings_table(options, context);
  say_all(context, table.findings);
  std::vector<std::size_t> learn, hold;
  auto held = held_back_rows(table, options.hold);
  for (std::size_t i = 0; i < held.size(); i++) (held[i] ? hold : learn).push_back(i);
  std::vector<std::string> findings;
  ratings_from(table, options.user, options.item, options.rating, findings);  // what is wrong, wherever it is
  say_all(context, findings);
  findings.insert(findings.begin(), table.findings.begin(), table.findings.end());
  std::vector<std::string> of_part;  // told already
  Table known = table.take(learn);
  auto ratings = ratings_from(known, options.user, options.item, options.rating, of_part);
  context.say("learning from " + counted(ratings.count(), "rating", "ratings") + " of " +
              counted(ratings.items.size(), "item", "items") + " by " + counted(ratings.users.size(), "user", "users"));
  FactorPlan plan{.factors = static_cast<std::size_t>(options.factors),
                  .penalty = options.penalty,
                  .rounds = static_cast<std::size_t>(options.rounds),
                  .clip = options.clip,
                  .seed = static_cast<std::uint64_t>(options.seed),
                  .threads = context.threads()};
  FactorModel model(ratings, plan);
  Signature signature{.task = "regress"};
  signature.about = "Tells how \"" + ratings.user_column + "\" would rate \"" + ratings.item_column + "\".";
  auto exported = export_row_model(model, signature, examples_of(known),
                                   lineage_of(step_train_recommender, given(options), context), context.threads());
  json::object report{{"users", ratings.users.size()},
                      {"items", ratings.items.size()},
                      {"ratings", ratings.count()},
                      {"mean_rating", model.mean()},
                      {"rounds", model.rounds()},
                      {"held_back", hold.size()},
                      {"onnx_difference", exported.difference},
                      {"findings", json::value_from(findings)}};
  if (!hold.empty()) {
    Table rest = table.take(hold);
    auto judged = ratings_from(rest, options.user, options.item, options.rating, of_part);
    Table asked{rest.name, {}, {}, {}};
    for (std::size_t i = 0; i < judged.count(); i++) asked.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
    for (auto [name, words, codes] : {std::tuple(judged.user_column, &judged.users, &judged.user),
                                      std::tuple(judged.item_column, &judged.items, &judged.item)})
      asked.columns.push_back({name, ColumnType::category, {}, {codes->begin(), codes->end()}, *words});
    auto scores =
        rating_scores(judged, model.answers(asked, context.threads())[0], static_cast<std::size_t>(options.top));
    for (auto& score : scores)
      if (!score.value().is_null()) context.metric(score.key(), score.value().to_number<double>());
    report["scores"] = std::move(scores);
  }
  write_output(context.output("report"), pretty(report) + "\n");
  write_output(context.output("model"), exported.bytes);
}

}  // namespace

const Step step_train_recommender = step<Options>(
    {.name = "train-recommender",
     .command = "train recommender",
     .group = "train",
     .title = "Train a recommender",
     .help = "Learns from who rated what how anybody would rate anything (matrix factorisation).\n\n"
             "The model takes a user and an item; `gyre recommend` asks it for the best items of each user.",
     .inputs = {{"table", "table", "a CSV, JSON lines or Parquet file: a row for each rating"}},
     .outputs = {{"model", "model", "the ONNX file"}, {"report", "report", "errors and ranking of ratings held back"}},
     .parallel = true},
    {field("user", &Options::user, "the column that says who rated"),
     field("item", &Options::item, "the column that says what was rated"),
     field("rating", &Options::rating, "the column with the rating, a number"),
     field("factors", &Options::factors, "numbers that each user and each item is told by", {.min = 1, .max = 512}),
     field("penalty", &Options::penalty, "on squares of those numbers, for each rating", {.min = 1e-6, .max = 1000}),
     field("rounds", &Options::rounds, "of users and items in turn, at most", {.min = 1, .max = 1000}),
     field("clip", &Options::clip, "answers stay between the lowest and the highest rating"),
     field("top", &Options::top, "ranks that nDCG looks at", {.min = 1, .max = 1000}),
     field("hold", &Options::hold, "share of the ratings held back, which judge the model", {.min = 0, .max = 0.9}),
     field("seed", &Options::seed, "the same seed gives the same file", {.min = 0})},
    run);

}  // namespace gyre

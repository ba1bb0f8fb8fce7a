// gyre validate recommender: a recommender's answers beside ratings, by error and by rank.
#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/gather.hpp"
#include "learn/unsupervised/factors.hpp"

namespace gyre {

namespace {

struct Options {
  std::string rating = "rating";
  std::int64_t top = 10;
  std::string part = "hold";
  double hold = 0.2;
};

void run(const Options& options, StepContext& context) {
  Session session(context.input("model"));
  auto signature = need_signature(session, "regress", "`gyre train recommender` makes models that this judges");
  if (signature.columns.size() != 2 || session.inputs().at(0).type != DataType::text)
    throw Error(Code::unsupported, "the model takes no user and item", "`gyre validate table` judges others");
  Table table = part_of(read_table_for(session, context.input("table"), context), options.part, options.hold);
  std::vector<std::string> findings = table.findings;
  std::vector<std::size_t> whole;
  auto& rating = table.get(options.rating);
  for (std::size_t i = 0; i < table.rows(); i++)
    if (!rating.is_missing(i) && !table.get(signature.columns[0]).is_missing(i) &&
        !table.get(signature.columns[1]).is_missing(i))
      whole.push_back(i);
  auto ratings = ratings_from(table, signature.columns[0], signature.columns[1], options.rating, findings);
  say_all(context, findings);
  auto answers = row_answers(session, table.take(whole), context);
  std::vector<double> predicted(answers.at("value").begin(), answers.at("value").end());
  auto scores = rating_scores(ratings, predicted, static_cast<std::size_t>(options.top));
  for (auto& score : scores)
    if (!score.value().is_null()) context.metric(score.key(), score.value().to_number<double>());
  json::object report{{"model", digest_of_file(context.input("model"))},
                      {"part", options.part},
                      {"ratings", ratings.count()},
                      {"users", ratings.users.size()},
                      {"items", ratings.items.size()},
                      {"scores", std::move(scores)},
                      {"findings", json::value_from(findings)}};
  write_output(context.output("report"), pretty(report) + "\n");
}

}  // namespace

extern const Step step_evaluate_recommender;
const Step step_evaluate_recommender =
    step<Options>({.name = "evaluate-recommender",
                   .command = "validate recommender",
                   .group = "validate",
                   .title = "Validate a recommender",
                   .help = "How far a recommender is from ratings, and how well it ranks what each user rated (nDCG).",
                   .inputs = {{"model", "model", "the ONNX file"},
                              {"table", "table", "a CSV, JSON lines or Parquet file: a row for each rating"}},
                   .outputs = {{"report", "report", "RMSE, mean absolute error, nDCG"}},
                   .parallel = true},
                  {field("rating", &Options::rating, "the column with the rating"),
                   field("top", &Options::top, "ranks that nDCG looks at", {.min = 1, .max = 1000}),
                   field("part", &Options::part, "the ratings held back from training, those trained on, or all",
                         {.choices = part_choices}),
                   field("hold", &Options::hold, "share held back, as in training", {.min = 0, .max = 0.9})},
                  run);

}  // namespace gyre

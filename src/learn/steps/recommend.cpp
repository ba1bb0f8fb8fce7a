// gyre recommend: the best items of each user, by what a recommender says of them.
#include <algorithm>
#include <set>

#include "base/file.hpp"
#include "data/duck.hpp"
#include "data/gather.hpp"
#include "learn/parallel.hpp"
#include "learn/unsupervised/row_model.hpp"

namespace gyre {

namespace {

struct Options {
  std::int64_t top = 10;
  std::vector<std::string> users;
  bool again = false;
};

struct Known {
  const Column* users = nullptr;
  const Column* items = nullptr;
  std::vector<std::set<std::int32_t>> rated;  // items of each user, by their codes
};

Known known_from(const Table& table, const std::vector<std::string>& columns) {
  Known known{&table.get(columns[0]), &table.get(columns[1]), {}};
  known.rated.resize(known.users->words.size());
  for (std::size_t i = 0; i < table.rows(); i++)
    if (!known.users->is_missing(i) && !known.items->is_missing(i))
      known.rated[static_cast<std::size_t>(known.users->codes[i])].insert(known.items->codes[i]);
  return known;
}

std::vector<std::size_t> wanted_users(const Known& known, const std::vector<std::string>& names) {
  std::vector<std::size_t> wanted;
  auto& words = known.users->words;
  if (names.empty())
    for (std::size_t i = 0; i < words.size(); i++) wanted.push_back(i);
  for (auto& name : names) {
    auto found = std::find(words.begin(), words.end(), name);
    if (found == words.end())
      throw Error(Code::invalid, "nobody named \"" + name + "\" is in the column \"" + known.users->name + "\"",
                  "the table says who there is and what each has rated");
    wanted.push_back(static_cast<std::size_t>(found - words.begin()));
  }
  return wanted;
}

// One user's best items as lines of JSON.
std::string best_of(const Session& session, const Known& known, std::size_t user, const Options& options) {
  std::vector<std::int32_t> items;
  for (std::size_t i = 0; i < known.items->words.size(); i++)
    if (auto code = static_cast<std::int32_t>(i); options.again || !known.rated[user].contains(code))
      items.push_back(code);
  if (items.empty()) return {};
  auto count = static_cast<std::int64_t>(items.size());
  std::vector<Tensor> inputs;
  for (auto& info : session.inputs()) {
    Tensor tensor{DataType::text, {count, 1}, {}, {}};
    for (auto item : items)
      tensor.texts.push_back(info.name == known.users->name ? known.users->words[user]
                                                            : known.items->words[static_cast<std::size_t>(item)]);
    inputs.push_back(std::move(tensor));
  }
  auto answers = session.run(inputs);
  auto values = answers.at(0).as<float>();
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); i++) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] > values[b]; });
  std::string lines;
  for (std::size_t rank = 0; rank < std::min(order.size(), static_cast<std::size_t>(options.top)); rank++) {
    json::object line{{"user", known.users->words[user]},
                      {"item", known.items->words[static_cast<std::size_t>(items[order[rank]])]},
                      {"rank", rank + 1},
                      {"value", values[order[rank]]}};
    lines += json::serialize(line) + "\n";
  }
  return lines;
}

void run(const Options& options, StepContext& context) {
  Session session(context.input("model"));
  auto signature = need_signature(session, "regress", "`gyre train recommender` makes models that this asks");
  if (signature.columns.size() != 2 || session.inputs().at(0).type != DataType::text)
    throw Error(Code::unsupported, "the model takes no user and item", "`gyre predict` answers rows of other models");
  Table table = read_table_for(session, context.input("table"), context);
  Known known = known_from(table, signature.columns);
  auto users = wanted_users(known, options.users);
  std::vector<std::string> lines(users.size());
  for_each(users.size(), context.threads(), [&](std::size_t i) {
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped before every user was answered");
    lines[i] = best_of(session, known, users[i], options);
  });
  std::string all;
  for (auto& of_one : lines) all += of_one;
  if (all.empty())
    throw Error(Code::invalid, "everybody has rated everything: there is nothing to recommend",
                "--again recommends what was rated already, too");
  TemporaryFolder folder;
  fs::path file = folder.path() / "best.jsonl";
  write_output(file, all);
  fs::path output = context.output("table");
  make_folders(output.parent_path());
  Duck duck(context.threads());
  duck.run("COPY (SELECT \"user\" AS " + sql_name(signature.columns[0]) + ", item AS " +
           sql_name(signature.columns[1]) + ", rank, value::FLOAT AS value FROM read_json(" + sql_text(file.string()) +
           ", format = 'newline_delimited', columns = {\"user\": 'VARCHAR', item: 'VARCHAR', rank: 'INTEGER', value: "
           "'DOUBLE'})) TO " +
           sql_text(output.string()) + " (FORMAT parquet)");
  context.metric("users", static_cast<double>(users.size()));
}

}  // namespace

extern const Step step_recommend;
const Step step_recommend = step<Options>(
    {.name = "recommend",
     .command = "recommend",
     .group = "train",
     .title = "Recommend items",
     .help = "The items that each user would rate highest, by a recommender; what a user has rated is left out.",
     .inputs = {{"model", "model", "the ONNX file"},
                {"table", "table", "who rated what: the users, the items, and what is left out"}},
     .outputs = {{"table", "table", "a Parquet file: user, item, rank, value"}},
     .parallel = true},
    {field("top", &Options::top, "how many items of each user", {.min = 1, .max = 100000}),
     field("users", &Options::users, "only these"), field("again", &Options::again, "what was rated already, too")},
    run);

}  // namespace gyre

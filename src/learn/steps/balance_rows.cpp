// gyre table balance: more rows of rare labels, each between a row and one of its nearest of the same label (SMOTE).
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "base/file.hpp"
#include "base/random.hpp"
#include "learn/parallel.hpp"
#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::string target;
  double to = 1;
  std::int64_t neighbours = 5;
  std::int64_t seed = 1;
};

// What distances rest on: numbers in deviations, a hole being the mean; another text is one deviation away.
struct Cells {
  std::size_t numbers = 0, texts = 0;
  std::vector<double> values;       // [row * numbers + column]
  std::vector<std::int32_t> words;  // [row * texts + column]
  std::vector<std::string> labels;  // "" where there is none
  double distance(std::size_t a, std::size_t b) const {
    double sum = 0;
    for (std::size_t c = 0; c < numbers; c++) {
      double off = values[a * numbers + c] - values[b * numbers + c];
      sum += off * off;
    }
    for (std::size_t c = 0; c < texts; c++) sum += words[a * texts + c] != words[b * texts + c];
    return sum;
  }
};

void standardise(Cells& cells) {
  std::size_t rows = cells.labels.size();
  for (std::size_t c = 0; c < cells.numbers; c++) {
    double count = 0, sum = 0, squares = 0;
    for (std::size_t i = 0; i < rows; i++)
      if (double value = cells.values[i * cells.numbers + c]; std::isfinite(value)) count++, sum += value;
    double mean = count > 0 ? sum / count : 0;
    for (std::size_t i = 0; i < rows; i++)
      if (double value = cells.values[i * cells.numbers + c]; std::isfinite(value))
        squares += (value - mean) * (value - mean);
    double deviation = squares > 0 ? std::sqrt(squares / count) : 1;
    for (std::size_t i = 0; i < rows; i++) {
      double& value = cells.values[i * cells.numbers + c];
      value = std::isfinite(value) ? (value - mean) / deviation : 0;
    }
  }
}

Cells cells_of(SqlInputs& inputs, const std::string& target) {
  Cells cells;
  std::vector<std::string> numbers, texts;
  for (auto& column : inputs.shape().columns)
    if (column.name != target) (column.number ? numbers : texts).push_back(column.quoted());
  cells.numbers = numbers.size(), cells.texts = texts.size();
  std::vector<std::string> list{sql_name(target) + "::VARCHAR"};
  for (auto& name : numbers) list.push_back(name + "::DOUBLE");
  for (auto& name : texts) list.push_back(name + "::VARCHAR");
  std::vector<std::map<std::string, std::int32_t>> seen(texts.size());
  inputs.duck().query("SELECT " + joined(list, ", ") + " FROM numbered ORDER BY gyre_row", [&](const auto& row) {
    cells.labels.push_back(row.text(0).value_or(""));
    for (std::size_t c = 0; c < cells.numbers; c++) cells.values.push_back(row.number(1 + c));
    for (std::size_t c = 0; c < cells.texts; c++) {
      auto text = row.text(1 + cells.numbers + c).value_or("");
      cells.words.push_back(seen[c].try_emplace(text, static_cast<std::int32_t>(seen[c].size())).first->second);
    }
  });
  standardise(cells);
  return cells;
}

// Of each of the rows, the nearest others among them, as places in `rows`.
std::vector<std::vector<std::size_t>> nearest_of(const Cells& cells, const std::vector<std::size_t>& rows,
                                                 std::size_t count, int threads) {
  std::vector<std::vector<std::size_t>> nearest(rows.size());
  for_each(rows.size(), threads, [&](std::size_t i) {
    std::vector<std::pair<double, std::size_t>> others;
    for (std::size_t j = 0; j < rows.size(); j++)
      if (j != i) others.emplace_back(cells.distance(rows[i], rows[j]), j);
    auto end = others.begin() + static_cast<std::ptrdiff_t>(std::min(count, others.size()));
    std::partial_sort(others.begin(), end, others.end());
    for (auto other = others.begin(); other != end; other++) nearest[i].push_back(rows[other->second]);
  });
  return nearest;
}

constexpr std::size_t most_compared = 50'000;  // rows of one label: each is compared with each

// A line for each row to be made: which row, which of its neighbours, how far towards it.
void write_pairs(const Options& options, const Cells& cells, StepContext& context, const fs::path& file) {
  std::map<std::string, std::vector<std::size_t>> by_label;
  for (std::size_t i = 0; i < cells.labels.size(); i++)
    if (!cells.labels[i].empty()) by_label[cells.labels[i]].push_back(i);
  std::size_t most = 0;
  for (auto& [label, rows] : by_label) most = std::max(most, rows.size());
  auto wanted = static_cast<std::size_t>(std::llround(options.to * static_cast<double>(most)));
  Random random(static_cast<std::uint64_t>(options.seed));
  std::ofstream out(file);
  out << "a,b,along\n";
  for (auto& [label, rows] : by_label) {
    if (rows.size() >= wanted) continue;
    if (rows.size() < 2) {
      context.say("label \"" + label + "\" has one row: nothing lies between it and another, and none is made");
      continue;
    }
    if (rows.size() > most_compared)
      throw Error(Code::invalid,
                  "label \"" + label + "\" has " + std::to_string(rows.size()) +
                      " rows: too many to "
                      "compare each with each",
                  "it is frequent enough: leave the table as it is, or "
                  "`gyre table sample` it");
    auto nearest = nearest_of(cells, rows, static_cast<std::size_t>(options.neighbours), context.threads());
    for (std::size_t i = 0, made = wanted - rows.size(); i < made; i++) {
      std::size_t from = i % rows.size();
      out << rows[from] << ',' << nearest[from][random.below(nearest[from].size())] << ',' << random.uniform() << '\n';
    }
    context.say("label \"" + label + "\": " + std::to_string(rows.size()) + " rows, " +
                std::to_string(wanted - rows.size()) + " more are made");
  }
  if (!out.flush()) throw Error(Code::unavailable, "cannot write " + file.string());
}

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context);
  inputs.shape().get(options.target);
  inputs.duck().run("CREATE TEMP TABLE numbered AS SELECT *, row_number() OVER () - 1 AS gyre_row FROM \"table\"");
  fs::path pairs = fs::canonical(context.output("table").parent_path()) / "pairs.csv";
  write_pairs(options, cells_of(inputs, options.target), context, pairs);
  std::vector<std::string> old, made;
  for (auto& column : inputs.shape().columns) {
    std::string name = column.quoted();
    old.push_back(name);
    // Whole numbers stay whole; a text is that of the nearer row.
    made.push_back(column.name == options.target ? "a." + name
                   : column.number
                       ? "CAST(coalesce(a." + name + " + pairs.along * (b." + name + " - a." + name + "), a." + name +
                             ") AS " + column.type + ") AS " + name
                       : "CASE WHEN pairs.along < 0.5 THEN a." + name + " ELSE b." + name + " END AS " + name);
  }
  inputs.write(
      "SELECT " + joined(old, ", ") + " FROM (SELECT 0 AS gyre_made, * FROM numbered UNION ALL BY NAME SELECT 1 " +
      "AS gyre_made, pairs.gyre_row, " + joined(made, ", ") +
      " FROM (SELECT *, row_number() OVER () AS gyre_row FROM read_csv(" + sql_text(pairs.string()) +
      ", header = true, columns = {'a': 'BIGINT', 'b': 'BIGINT', 'along': 'DOUBLE'})) pairs JOIN numbered a ON "
      "a.gyre_row = pairs.a JOIN numbered b ON b.gyre_row = pairs.b) ORDER BY gyre_made, gyre_row");
  fs::remove(pairs);
}

}  // namespace

extern const Step step_balance_rows;
const Step step_balance_rows = step<Options>(
    {.name = "balance-rows",
     .command = "table balance",
     .group = "data",
     .title = "Make rows of rare labels (SMOTE)",
     .help =
         "Adds rows of rare labels, each somewhere between a row and one of its nearest of the same label.\n\n"
         "Only rows to learn from may be made so: part the table first (`gyre table split`), and judge by rows that "
         "are real.",
     .inputs = {table_in},
     .outputs = {table_out},
     .parallel = true},
    {field("target", &Options::target, "the column with the labels", {.required = true}),
     field("to", &Options::to, "how many rows each label has in the end, as a share of the most frequent one's",
           {.min = 0, .max = 1}),
     field("neighbours", &Options::neighbours, "among how many nearest the other row is drawn",
           {.min = 1, .max = 1000}),
     field("seed", &Options::seed, "another one makes others", {.min = 0})},
    run);

}  // namespace gyre

// Runs our pipelines on tables and keeps what each gave and took: the matrix that gyre auto's proposals rest on
// (scripts/meta). Goes on where it was ended: each table is one line of the file of results.
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>

#include "base/file.hpp"
#include "base/random.hpp"
#include "learn/parallel.hpp"
#include "learn/table_model.hpp"
#include "search/auto/folds.hpp"
#include "search/auto/former.hpp"

using namespace gyre;

namespace {

constexpr std::size_t most_rows = 500, folds = 3, folds_run = 2;
constexpr double most_seconds = 1.5;  // of a training: a longer one is cut

// Thread time: other work on the machine does not count.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Table of_rows(Table table) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < table.rows(); i++) rows.push_back(i);
  Random(3).shuffle(rows);
  rows.resize(std::min(rows.size(), most_rows));
  return table.take(rows);
}

// Tables of many shapes: sums, products, waves, steps and clusters of some of the columns, under noise.
Table made_table(std::size_t number) {
  Random random = Random(11).split(number);
  std::size_t rows = 150 + random.below(850), columns = 3 + random.below(25);
  std::size_t useful = 2 + random.below(columns - 1), kind = number % 6, labels = number % 4;  // 0, 1: numbers
  double noise = random.uniform(0.05, 1);
  Table table{"made " + std::to_string(number), {}, {}, {}};
  std::vector<std::vector<double>> x(columns, std::vector<double>(rows));
  for (std::size_t c = 0; c < columns; c++)
    for (auto& value : x[c]) value = c % 5 == 4 ? static_cast<double>(random.below(4)) : random.normal();
  std::vector<double> y(rows), weights;
  for (std::size_t c = 0; c < columns; c++) weights.push_back(random.normal());
  for (std::size_t i = 0; i < rows; i++) {
    table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
    for (std::size_t c = 0; c < useful; c++) {
      double a = x[c][i], b = x[(c + 1) % useful][i];
      y[i] += weights[c] * (kind == 0   ? a
                            : kind == 1 ? a * b
                            : kind == 2 ? std::sin(2 * a)
                            : kind == 3 ? (a > 0.3 ? 1.0
                                           : b > 0 ? -0.5
                                                   : 0.2)
                            : kind == 4 ? a * a
                                        : a / (std::abs(b) + 0.5));
    }
  }
  double mean = 0, spread = 0;
  for (double value : y) mean += value / static_cast<double>(rows);
  for (double value : y) spread += (value - mean) * (value - mean) / static_cast<double>(rows);
  for (double& value : y) value = (value - mean) / std::sqrt(spread + 1e-12) + noise * random.normal();
  for (std::size_t c = 0; c < columns; c++) {
    std::string name = "x" + std::to_string(c) + " of " + std::to_string(number);
    if (c % 5 == 4) {  // as words, whose order says nothing
      Column column{name, ColumnType::category, {}, {}, {"oak", "ash", "fir", "elm"}};
      for (double value : x[c]) column.codes.push_back(static_cast<std::int32_t>(value));
      table.columns.push_back(std::move(column));
    } else {
      table.columns.push_back({name, ColumnType::number, x[c], {}, {}});
    }
  }
  if (labels > 1)
    for (double& value : y)
      value = std::clamp(std::floor((value + 1.5) / 3 * static_cast<double>(labels)), 0.0, labels - 1.0);
  table.columns.push_back({"y", ColumnType::number, y, {}, {}});
  return table;
}

json::object measured(const std::string& name, const Table& table, const Target& target) {
  json::object scores, seconds;
  auto split = make_folds(target, folds, 5);
  for (auto& candidate : known_candidates(problem_of(target), shape_of(table))) {
    double began = thread_seconds();
    std::vector<double> truth, answers;
    try {
      for (std::size_t f = 0; f < std::min(folds_run, split.size()); f++) {
        Table learn = table.take(split[f].learn), judge = table.take(split[f].judge);
        Target learn_target = target.take(split[f].learn), judge_target = target.take(split[f].judge);
        double latest = thread_seconds() + most_seconds;
        TableTraining training{candidate.learner,
                               candidate.options,
                               candidate.features,
                               1,
                               1,
                               [latest] { return thread_seconds() > latest; }};
        auto model = train_pipeline(training, learn, learn_target, {}, candidate.checked ? &judge : nullptr,
                                    candidate.checked ? &judge_target : nullptr);
        auto some = model.predict(judge, 1);
        answers.insert(answers.end(), some.begin(), some.end());
        truth.insert(truth.end(), judge_target.values.begin(), judge_target.values.end());
      }
      scores[candidate.name] = skill_of(target, truth, answers);
      seconds[candidate.name] = thread_seconds() - began;
    } catch (const Error& error) {  // a hole in the matrix
      std::fprintf(stderr, "%s: %s: %s\n", name.c_str(), candidate.name.c_str(), error.what());
    }
  }
  return {{"table", name},        {"fingerprint", fingerprint_of(table)},
          {"rows", table.rows()}, {"columns", table.columns.size()},
          {"scores", scores},     {"seconds", seconds}};
}

}  // namespace

int main(int count, char** words) try {
  if (count != 5) {
    std::fprintf(stderr, "usage: gyre-meta FOLDER-OF-TABLES MADE-TABLES THREADS RESULTS.jsonl\n");
    return 2;
  }
  std::set<std::string> done;
  std::ifstream before(words[4]);
  for (std::string line; std::getline(before, line);)
    if (!line.empty()) done.insert(get_string(parse_json(line, words[4]), "table"));
  std::vector<fs::path> files;
  for (auto& file : files_below(words[1]))
    if (file.extension() == ".csv") files.push_back(fs::path(words[1]) / file);
  std::size_t made = std::stoul(words[2]);
  std::mutex mutex;  // guards the file of results
  std::ofstream results(words[4], std::ios::app);
  for_each(files.size() + made, std::stoi(words[3]), [&](std::size_t i) {
    bool own = i >= files.size();
    std::string name = own ? "made " + std::to_string(i - files.size()) : files[i].stem().string();
    if (done.count(name)) return;
    try {
      Table whole = own ? made_table(i - files.size()) : read_table(files[i]);
      std::string last = whole.columns.back().name;
      auto [table, target] = learnable(of_rows(std::move(whole)), last);
      auto row = measured(name, table, target);
      std::lock_guard lock(mutex);
      results << canonical(row) << std::endl;
      std::fprintf(stderr, "%s\n", name.c_str());
    } catch (const Error& error) {  // the others go on
      std::fprintf(stderr, "%s: %s\n", name.c_str(), error.what());
    }
  });
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "gyre-meta: %s\n", error.what());
  return 1;
}

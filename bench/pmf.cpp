// Regret of pipeline searches on a matrix of pipelines x tables, whole tables held out (bench/pmf). Prints JSON.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>
#include <sstream>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "search/proposal.hpp"

using namespace gyre;

static std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> result(1);
  bool quoted = false;
  for (char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted)
      result.emplace_back();
    else if (c != '"' && c != '\r')
      result.back() += c;
  }
  return result;
}

static std::map<long, std::vector<double>> read_table(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw Error(Code::not_found, "cannot read " + file);
  std::map<long, std::vector<double>> rows;
  std::string line;
  for (bool heading = true; std::getline(in, line); heading = false) {
    if (heading) continue;
    auto fields = cells(line);
    auto& row = rows[std::stol(fields[0])];
    for (std::size_t i = 1; i < fields.size(); i++) row.push_back(std::stod(fields[i]));
  }
  return rows;
}

static ScoreMatrix read_matrix(const std::string& folder) {
  auto errors = read_table(folder + "/error_matrix.csv"), times = read_table(folder + "/runtime_matrix.csv"),
       sizes = read_table(folder + "/dataset_sizes.csv");
  ScoreMatrix matrix{.pipelines = errors.begin()->second.size(), .tables = errors.size()};
  for (auto& [id, row] : errors) {
    for (double error : row) matrix.scores.push_back(1 - error);
    auto& time = times.at(id);
    matrix.seconds.insert(matrix.seconds.end(), time.begin(), time.end());
    bool known = sizes.count(id) > 0;
    matrix.log_rows.push_back(known ? std::log(sizes[id][0]) : NAN);
    matrix.log_columns.push_back(known ? std::log(sizes[id][1]) : NAN);
  }
  return matrix;
}

static const std::vector<std::size_t> evaluations{1, 5, 10, 20, 40};
static const std::vector<double> seconds{1, 4, 16, 64};

// As the search sees them.
static ScoreMatrix in_scores(ScoreMatrix matrix) {
  for (double& share : matrix.scores) share = score_of_share(share);
  return matrix;
}

// One held-out table: what a pipeline gives and takes on it.
struct Table {
  const ScoreMatrix& matrix;
  std::size_t index;
  double score(std::size_t p) const { return matrix.score(index, p); }
  double time(std::size_t p) const { return matrix.time(index, p); }
  double best() const {
    double best = 0;
    for (std::size_t p = 0; p < matrix.pipelines; p++) best = std::max(best, score(p));
    return best;
  }
  std::vector<double> by_count(const std::vector<std::size_t>& order) const {
    std::vector<double> regrets;
    for (auto count : evaluations) {
      double best_seen = 0;
      for (std::size_t i = 0; i < std::min(count, order.size()); i++) best_seen = std::max(best_seen, score(order[i]));
      regrets.push_back(best() - best_seen);
    }
    return regrets;
  }
  std::vector<double> by_time(const std::vector<std::size_t>& order) const {
    std::vector<double> regrets;
    for (auto limit : seconds) {
      double best_seen = 0.5, spent = 0;
      for (auto p : order) {
        if ((spent += time(p)) > limit) break;
        best_seen = std::max(best_seen, score(p));
      }
      regrets.push_back(best() - best_seen);
    }
    return regrets;
  }
};

static std::vector<std::size_t> search_by_count(const LatentPipelines& former, const Table& table,
                                                ProposalOptions options) {
  Proposals proposals(former, table.matrix.log_rows[table.index], table.matrix.log_columns[table.index], options);
  std::vector<std::size_t> order;
  while (order.size() < evaluations.back()) {
    order.push_back(*proposals.next());
    proposals.observe(order.back(), score_of_share(table.score(order.back())), table.time(order.back()));
  }
  return order;
}

static std::vector<std::size_t> search_by_time(const LatentPipelines& former, const Table& table,
                                               ProposalOptions options) {
  options.floor = score_of_share(0.5);
  Proposals proposals(former, table.matrix.log_rows[table.index], table.matrix.log_columns[table.index], options);
  std::vector<std::size_t> order;
  for (double spent = 0; spent < seconds.back();) {
    auto next = proposals.next_per_second(1e300);  // the search does not know when it will be looked at
    if (!next) break;
    order.push_back(*next);
    spent += table.time(*next);
    proposals.observe(*next, score_of_share(table.score(*next)), table.time(*next));
  }
  return order;
}

struct Regrets {
  std::vector<std::vector<double>> values;
  void add(std::vector<double> row) { values.push_back(std::move(row)); }
  json::array means() const {
    json::array result;
    for (std::size_t i = 0; i < values[0].size(); i++) {
      double sum = 0;
      for (auto& row : values) sum += row[i];
      result.push_back(sum / static_cast<double>(values.size()));
    }
    return result;
  }
};

static std::vector<double> mean_of(const std::vector<std::vector<double>>& rows) {
  std::vector<double> result(rows[0].size());
  for (auto& row : rows)
    for (std::size_t i = 0; i < row.size(); i++) result[i] += row[i] / static_cast<double>(rows.size());
  return result;
}

int main(int count, char** words) try {
  if (count != 5) {
    std::fprintf(stderr, "usage: gyre-bench-pmf FOLDER PARTS STEPS-OF-ADAM SEED\n");
    return 2;
  }
  ScoreMatrix matrix = read_matrix(words[1]);
  auto parts = static_cast<std::size_t>(std::stoul(words[2]));
  LatentOptions latent{.steps = std::stoi(words[3])};
  std::uint64_t seed = std::stoull(words[4]);
  std::map<std::string, Regrets> by_count, by_time;
  std::vector<std::size_t> order(matrix.tables);
  std::iota(order.begin(), order.end(), 0);
  Random random(seed);
  random.shuffle(order);
  for (std::size_t part = 0; part < parts; part++) {  // each table is held out once
    std::vector<std::size_t> known, held;
    for (std::size_t i = 0; i < order.size(); i++) (i % parts == part ? held : known).push_back(order[i]);
    LatentPipelines former(in_scores(matrix.of_tables(known)), latent);
    auto portfolio = former.portfolio(matrix.pipelines);
    for (auto index : held) {
      Table table{matrix, index};
      by_count["portfolio"].add(table.by_count(portfolio));
      by_time["portfolio"].add(table.by_time(portfolio));
      std::vector<std::vector<double>> counts, times;
      for (int draw = 0; draw < 10; draw++) {
        auto any = portfolio;
        random.shuffle(any);
        counts.push_back(table.by_count(any));
        times.push_back(table.by_time(any));
      }
      by_count["random"].add(mean_of(counts));
      by_time["random"].add(mean_of(times));
      by_count["gyre"].add(table.by_count(search_by_count(former, table, {})));
      by_time["gyre"].add(table.by_time(search_by_time(former, table, {})));
    }
  }
  json::object counts, times;
  for (auto& [name, regrets] : by_count) counts[name] = regrets.means();
  for (auto& [name, regrets] : by_time) times[name] = regrets.means();
  json::object result{{"tables", matrix.tables},  {"pipelines", matrix.pipelines},
                      {"parts", parts},           {"evaluations", json::value_from(evaluations)},
                      {"by_evaluations", counts}, {"seconds", json::value_from(seconds)},
                      {"by_seconds", times}};
  std::cout << pretty(result) << "\n";
} catch (const std::exception& error) {
  std::fprintf(stderr, "pmf: %s\n", error.what());
  return 1;
}

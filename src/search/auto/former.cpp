#include "search/auto/former.hpp"

#include <algorithm>
#include <cmath>

#include "base/gzip.hpp"
#include "base/hash.hpp"
#include "learn/scores.hpp"

namespace gyre {

std::string_view former_results_bytes();  // written by CMake from former.json.gz

double skill_of(const Target& target, std::span<const double> truth, std::span<const double> answers) {
  std::vector<double> same;
  double error = 0, error_of_same = 0;
  if (target.task == Task::regress) {
    double mean = 0;
    for (double value : truth) mean += value / static_cast<double>(truth.size());
    same.assign(truth.size(), mean);
    error = rmse(truth, answers, {}), error_of_same = rmse(truth, same, {});
  } else {
    std::vector<double> shares(target.classes());
    for (double value : truth) shares[static_cast<std::size_t>(value)] += 1 / static_cast<double>(truth.size());
    for (std::size_t i = 0; i < truth.size(); i++) same.insert(same.end(), shares.begin(), shares.end());
    error = log_loss({truth, answers, target.classes()}), error_of_same = log_loss({truth, same, target.classes()});
  }
  return error_of_same > 0 && std::isfinite(error) ? std::max(-1.0, 1 - error / error_of_same) : 0;
}

std::string fingerprint_of(const Table& table) {
  std::vector<std::string> names;
  for (auto& column : table.columns) names.push_back(column.name);
  std::sort(names.begin(), names.end());
  std::string all;
  for (auto& name : names) all += name + '\n';
  return digest_of(all).substr(7, 16);
}

static std::vector<double> numbers_of(const json::value& list) {
  std::vector<double> numbers;
  for (auto& value : list.as_array()) numbers.push_back(value.is_null() ? NAN : value.to_number<double>());
  return numbers;
}

std::unique_ptr<FormerResults> FormerResults::for_table(const Table& table, std::size_t columns,
                                                        const std::vector<Candidate>& candidates) {
  constexpr std::uint64_t most_bytes = 16 << 20;
  static const json::value file =
      parse_json(gunzip(former_results_bytes(), most_bytes, "former results"), "former results");
  std::vector<std::string> names;
  std::vector<std::size_t> places;
  auto& pipelines = file.at("pipelines").as_array();
  for (std::size_t i = 0; i < pipelines.size(); i++) {
    std::string name(pipelines[i].as_string());
    bool here = std::any_of(candidates.begin(), candidates.end(), [&](auto& one) { return one.name == name; });
    if (here) names.push_back(name), places.push_back(i);
  }
  ScoreMatrix matrix{.pipelines = names.size()};
  std::string own = fingerprint_of(table);
  for (auto& former : file.at("tables").as_array()) {
    if (former.at("fingerprint").as_string() == own) continue;
    auto scores = numbers_of(former.at("scores")), seconds = numbers_of(former.at("seconds"));
    for (auto place : places) {
      matrix.scores.push_back(score_of_share(scores[place]));
      matrix.seconds.push_back(seconds[place]);
    }
    matrix.log_rows.push_back(std::log(former.at("rows").to_number<double>()));
    matrix.log_columns.push_back(std::log(former.at("columns").to_number<double>()));
    matrix.tables++;
  }
  constexpr std::size_t least_tables = 10;
  if (matrix.tables < least_tables || names.empty()) return {};
  return std::unique_ptr<FormerResults>(new FormerResults(std::move(names), std::move(matrix), table.rows(), columns));
}

FormerResults::FormerResults(std::vector<std::string> names, ScoreMatrix matrix, std::size_t rows, std::size_t columns)
    : names_(std::move(names)),
      latent_(std::move(matrix), {}),
      proposals_(latent_, std::log(static_cast<double>(rows)), std::log(static_cast<double>(columns)),
                 {.neighbours = 30, .floor = score_of_share(0)}) {}

std::optional<std::size_t> FormerResults::find(const std::string& name) const {
  auto at = std::find(names_.begin(), names_.end(), name);
  if (at == names_.end()) return {};
  return static_cast<std::size_t>(at - names_.begin());
}

void FormerResults::observe(const std::string& name, double skill, double seconds) {
  if (auto at = find(name)) proposals_.observe(*at, score_of_share(skill), seconds);
}

void FormerResults::exclude(const std::string& name) {
  if (auto at = find(name)) proposals_.exclude(*at);
}

std::optional<std::string> FormerResults::next(double seconds_left) const {
  auto found = proposals_.next_per_second(seconds_left);
  if (!found) return {};
  return names_[*found];
}

}  // namespace gyre

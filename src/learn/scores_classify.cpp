#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "learn/scores.hpp"

namespace gyre {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

// Weights of [truth][answer].
struct Counts {
  explicit Counts(const Judged& judged) : classes(judged.classes), cells(classes * classes) {
    auto answers = answers_of(judged);
    for (std::size_t i = 0; i < judged.rows(); i++)
      cells[static_cast<std::size_t>(judged.truth[i]) * classes + answers[i]] += judged.weight(i);
  }
  double at(std::size_t truth, std::size_t answer) const { return cells[truth * classes + answer]; }
  double truths(std::size_t c) const {
    double sum = 0;
    for (std::size_t a = 0; a < classes; a++) sum += at(c, a);
    return sum;
  }
  double answers(std::size_t c) const {
    double sum = 0;
    for (std::size_t t = 0; t < classes; t++) sum += at(t, c);
    return sum;
  }
  double right() const {
    double sum = 0;
    for (std::size_t c = 0; c < classes; c++) sum += at(c, c);
    return sum;
  }
  double total() const { return std::accumulate(cells.begin(), cells.end(), 0.0); }
  bool occurs(std::size_t c) const { return truths(c) > 0 || answers(c) > 0; }
  std::size_t classes;
  std::vector<double> cells;
};

template <class OfClass>
double averaged(const Counts& counts, Average average, OfClass of_class) {
  if (average == Average::micro) return share(counts.right(), counts.total());
  double sum = 0, weights = 0;
  for (std::size_t c = 0; c < counts.classes; c++) {
    if (!counts.occurs(c)) continue;
    double weight = average == Average::macro ? 1 : counts.truths(c);
    sum += weight * of_class(c), weights += weight;
  }
  return share(sum, weights);
}

// The chance that a row of the one side scores above one of the other, ties counting half; by weights.
double weighted_auc(std::vector<std::pair<double, std::pair<double, double>>> rows) {
  std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.first < b.first; });
  double below = 0, wins = 0, positives = 0;
  for (std::size_t i = 0; i < rows.size();) {
    double positive = 0, negative = 0, score = rows[i].first;
    for (; i < rows.size() && rows[i].first == score; i++)
      positive += rows[i].second.first, negative += rows[i].second.second;
    wins += positive * (below + negative / 2);
    below += negative, positives += positive;
  }
  return positives > 0 && below > 0 ? wins / (positives * below) : nothing;
}

double auc_of(const Judged& judged, std::size_t label) {
  std::vector<std::pair<double, std::pair<double, double>>> rows;
  for (std::size_t i = 0; i < judged.rows(); i++) {
    bool positive = static_cast<std::size_t>(judged.truth[i]) == label;
    double weight = judged.weight(i);
    rows.push_back({judged.probabilities[i * judged.classes + label], {positive ? weight : 0, positive ? 0 : weight}});
  }
  return weighted_auc(std::move(rows));
}

double auc_of_pair(const Judged& judged, std::size_t a, std::size_t b) {
  auto one_way = [&](std::size_t positive, std::size_t negative) {
    std::vector<std::pair<double, std::pair<double, double>>> rows;
    for (std::size_t i = 0; i < judged.rows(); i++) {
      auto truth = static_cast<std::size_t>(judged.truth[i]);
      if (truth != positive && truth != negative) continue;
      double weight = judged.weight(i), score = judged.probabilities[i * judged.classes + positive];
      rows.push_back({score, {truth == positive ? weight : 0, truth == negative ? weight : 0}});
    }
    return weighted_auc(std::move(rows));
  };
  return (one_way(a, b) + one_way(b, a)) / 2;
}

}  // namespace

std::vector<std::size_t> answers_of(const Judged& judged) {
  std::vector<std::size_t> answers;
  for (std::size_t i = 0; i < judged.rows(); i++) {
    auto row = judged.probabilities.subspan(i * judged.classes, judged.classes);
    answers.push_back(static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return answers;
}

double accuracy(const Judged& judged) {
  Counts counts(judged);
  return share(counts.right(), counts.total());
}

double balanced_accuracy(const Judged& judged) {
  Counts counts(judged);
  double sum = 0, classes = 0;
  for (std::size_t c = 0; c < counts.classes; c++)
    if (counts.truths(c) > 0) sum += counts.at(c, c) / counts.truths(c), classes++;
  return share(sum, classes);
}

double precision(const Judged& judged, Average average) {
  Counts counts(judged);
  return averaged(counts, average, [&](std::size_t c) { return share(counts.at(c, c), counts.answers(c)); });
}

double recall(const Judged& judged, Average average) {
  Counts counts(judged);
  return averaged(counts, average, [&](std::size_t c) { return share(counts.at(c, c), counts.truths(c)); });
}

double f1(const Judged& judged, Average average) {
  Counts counts(judged);
  return averaged(counts, average,
                  [&](std::size_t c) { return share(2 * counts.at(c, c), counts.truths(c) + counts.answers(c)); });
}

double matthews(const Judged& judged) {
  Counts counts(judged);
  double total = counts.total(), both = 0, truths = 0, answers = 0;
  for (std::size_t c = 0; c < counts.classes; c++) {
    both += counts.truths(c) * counts.answers(c);
    truths += counts.truths(c) * counts.truths(c), answers += counts.answers(c) * counts.answers(c);
  }
  double below = std::sqrt((total * total - answers) * (total * total - truths));
  return below > 0 ? (counts.right() * total - both) / below : 0;
}

double kappa(const Judged& judged) {
  Counts counts(judged);
  double total = counts.total(), expected = 0;
  for (std::size_t c = 0; c < counts.classes; c++) expected += counts.truths(c) * counts.answers(c) / total;
  return total > expected ? (counts.right() - expected) / (total - expected) : nothing;
}

double log_loss(const Judged& judged) {
  double loss = 0, weights = 0;
  for (std::size_t i = 0; i < judged.rows(); i++) {
    auto row = judged.probabilities.subspan(i * judged.classes, judged.classes);
    double all = std::accumulate(row.begin(), row.end(), 0.0), least = std::numeric_limits<double>::epsilon();
    double p = row[static_cast<std::size_t>(judged.truth[i])] / (all > 0 ? all : 1);
    loss -= judged.weight(i) * std::log(std::clamp(p, least, 1 - least));
    weights += judged.weight(i);
  }
  return weights > 0 ? loss / weights : nothing;
}

double brier(const Judged& judged) {
  double sum = 0, weights = 0;
  for (std::size_t i = 0; i < judged.rows(); i++) {
    double off = judged.probabilities[i * judged.classes + 1] - (judged.truth[i] == 1 ? 1 : 0);
    sum += judged.weight(i) * off * off, weights += judged.weight(i);
  }
  return weights > 0 ? sum / weights : nothing;
}

double auc(const Judged& judged, Several several) {
  if (judged.classes == 2) return auc_of(judged, 1);
  double sum = 0, weights = 0;
  if (several == Several::one_against_one) {
    for (std::size_t a = 0; a < judged.classes; a++)
      for (std::size_t b = a + 1; b < judged.classes; b++) sum += auc_of_pair(judged, a, b), weights++;
    return sum / weights;
  }
  Counts counts(judged);
  for (std::size_t c = 0; c < judged.classes; c++) {
    double weight = several == Several::one_against_rest ? 1 : counts.truths(c);
    sum += weight * auc_of(judged, c), weights += weight;
  }
  return sum / weights;
}

double average_precision(const Judged& judged, std::size_t label) {
  std::vector<std::size_t> order(judged.rows());
  std::iota(order.begin(), order.end(), 0);
  auto score = [&](std::size_t i) { return judged.probabilities[i * judged.classes + label]; };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return score(a) > score(b); });
  double right = 0, all = 0, positives = 0, sum = 0;
  for (std::size_t i = 0; i < judged.rows(); i++)
    if (static_cast<std::size_t>(judged.truth[i]) == label) positives += judged.weight(i);
  if (positives <= 0) return nothing;
  for (std::size_t i = 0; i < order.size();) {
    double before = right, here = score(order[i]);
    for (; i < order.size() && score(order[i]) == here; i++) {
      double weight = judged.weight(order[i]);
      all += weight;
      if (static_cast<std::size_t>(judged.truth[order[i]]) == label) right += weight;
    }
    sum += (right - before) / positives * right / all;
  }
  return sum;
}

json::object classification_scores(const Judged& judged) {
  json::object scores;
  auto put = [&](const char* name, double value) {
    scores[name] = std::isfinite(value) ? json::value(value) : json::value(nullptr);
  };
  put("accuracy", accuracy(judged));
  put("balanced_accuracy", balanced_accuracy(judged));
  put("log_loss", log_loss(judged));
  put("auc", auc(judged));
  put("f1_macro", f1(judged, Average::macro));
  put("f1_weighted", f1(judged, Average::weighted));
  put("precision_macro", precision(judged, Average::macro));
  put("recall_macro", recall(judged, Average::macro));
  put("matthews", matthews(judged));
  put("kappa", kappa(judged));
  if (judged.classes == 2) {
    put("average_precision", average_precision(judged, 1));
    put("brier", brier(judged));
    Counts counts(judged);
    put("f1", share(2 * counts.at(1, 1), counts.truths(1) + counts.answers(1)));
  } else {
    put("auc_weighted", auc(judged, Several::one_against_rest_weighted));
    if (judged.classes <= 100) put("auc_pairs", auc(judged, Several::one_against_one));
  }
  return scores;
}

bool larger_is_better(const std::string& name, bool of_labels) {
  if (of_labels) return name != "log_loss" && name != "brier";
  return name == "r2" || name == "explained_variance" || name == "spearman";
}

double score_named(const std::string& name, const Judged& judged) {
  if (name == "log_loss") return -log_loss(judged);
  if (name == "brier") return -brier(judged);
  auto scores = classification_scores(judged);
  auto* found = scores.if_contains(name);
  if (!found) {
    std::string list;
    for (auto& score : scores) list += (list.empty() ? "" : ", ") + std::string(score.key());
    throw Error(Code::invalid, "there is no score \"" + name + "\" of classifications", "there are: " + list);
  }
  return found->is_null() ? nothing : found->to_number<double>();
}

}  // namespace gyre

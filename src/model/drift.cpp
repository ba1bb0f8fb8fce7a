#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "base/error.hpp"
#include "model/sketch.hpp"

namespace gyre {

namespace {

constexpr std::int64_t enough = 30;                 // answers on either side, below which nothing is said
constexpr double some_psi = 0.1, large_psi = 0.25;  // the customary limits

struct Distance {
  double psi = 0, jensen_shannon = 0;
};

// Over counts in the same bins; half a count is added to each, so that an empty bin is no infinite distance.
Distance distance(const std::vector<double>& reference, const std::vector<double>& current) {
  double all_p = 0, all_q = 0;
  for (double count : reference) all_p += count + 0.5;
  for (double count : current) all_q += count + 0.5;
  Distance result;
  for (std::size_t i = 0; i < reference.size(); i++) {
    double p = (reference[i] + 0.5) / all_p, q = (current[i] + 0.5) / all_q, middle = (p + q) / 2;
    result.psi += (q - p) * std::log(q / p);
    result.jensen_shannon += (p * std::log2(p / middle) + q * std::log2(q / middle)) / 2;
  }
  result.jensen_shannon = std::sqrt(std::clamp(result.jensen_shannon, 0.0, 1.0));
  return result;
}

// Bins of about a tenth of the reference each, cut where its fine bins end.
void tenths(const Histogram& reference, const Histogram& current, std::vector<double>& p, std::vector<double>& q) {
  std::vector<int> ends;
  double sum = 0;
  for (auto [bin, count] : reference.bins()) {
    sum += double(count);
    if (sum >= double(reference.count()) * double(ends.size() + 1) / 10 && ends.size() < 9) ends.push_back(bin);
  }
  auto spread = [&](const Histogram& histogram, std::vector<double>& counts) {
    counts.assign(ends.size() + 2, 0);
    for (auto [bin, count] : histogram.bins()) {
      bool below = bin < reference.bins().begin()->first;  // outside of all that was seen: a bin of its own
      auto place = std::lower_bound(ends.begin(), ends.end(), bin) - ends.begin();
      counts[below ? 0 : static_cast<std::size_t>(place) + 1] += double(count);
    }
  };
  spread(reference, p);
  spread(current, q);
}

// n m / (n + m) PSI is about chi-squared with bins - 1 degrees: its mean and three deviations are chance.
DriftLevel level_of(double psi, std::size_t bins, double n, double m) {
  if (n < double(enough) || m < double(enough)) return DriftLevel::unknown;
  double degrees = double(bins) - 1, chance = (degrees + 3 * std::sqrt(2 * degrees)) * (1 / n + 1 / m);
  return psi > large_psi + chance ? DriftLevel::large : psi > some_psi + chance ? DriftLevel::some : DriftLevel::none;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string words_for(const FeatureDrift& row) {
  std::string from_to = " from " + short_number(row.before) + " to " + short_number(row.now);
  switch (row.level) {
    case DriftLevel::unknown:
      return row.feature + ": too few answers to tell";
    case DriftLevel::none:
      return row.feature + " is as it was";
    default:
      break;
  }
  if (std::abs(row.now - row.before) < 0.02 * std::max(std::abs(row.now), std::abs(row.before)))
    return row.feature + " is spread otherwise around " + short_number(row.now);
  return row.feature + (row.now > row.before ? " rose" : " fell") + from_to;
}

FeatureDrift of_feature(const std::string& name, const Histogram& reference, const Histogram& current) {
  FeatureDrift row{name, 0, 0, reference.mean(), current.mean(), DriftLevel::unknown, {}};
  if (reference.count() > 0 && current.count() > 0) {
    std::vector<double> p, q;
    tenths(reference, current, p, q);
    auto [psi, jensen_shannon] = distance(p, q);
    row.psi = psi, row.jensen_shannon = jensen_shannon;
    row.level = level_of(psi, p.size(), double(reference.count()), double(current.count()));
  }
  row.words = words_for(row);
  return row;
}

FeatureDrift of_labels(const Sketch& reference, const Sketch& current) {
  std::set<std::string> all;
  for (auto& [label, count] : reference.labels) all.insert(label);
  for (auto& [label, count] : current.labels) all.insert(label);
  std::vector<double> p, q;
  std::string most;
  double change = 0;
  for (auto& label : all) {
    auto share = [&](const Sketch& sketch) {
      auto at = sketch.labels.find(label);
      return std::pair(at == sketch.labels.end() ? 0.0 : double(at->second),
                       double(std::max<std::int64_t>(sketch.count, 1)));
    };
    auto [before, all_before] = share(reference);
    auto [now, all_now] = share(current);
    p.push_back(before), q.push_back(now);
    if (double moved = std::abs(now / all_now - before / all_before); moved > change) {
      change = moved;
      most = "\"" + label + "\" is now " + short_number(100 * now / all_now) + " % of the answers, it was " +
             short_number(100 * before / all_before) + " %";
    }
  }
  FeatureDrift row{"labels", 0, 0, 0, 0, DriftLevel::unknown, {}};
  auto [psi, jensen_shannon] = distance(p, q);
  row.psi = psi, row.jensen_shannon = jensen_shannon;
  row.level = level_of(psi, p.size(), double(reference.count), double(current.count));
  row.words = row.level == DriftLevel::some || row.level == DriftLevel::large ? most : words_for(row);
  return row;
}

}  // namespace

std::string_view name_of(DriftLevel level) {
  switch (level) {
    case DriftLevel::none:
      return "none";
    case DriftLevel::some:
      return "some";
    case DriftLevel::large:
      return "large";
    case DriftLevel::unknown:
      break;
  }
  return "unknown";
}

Drift drift(const Sketch& reference, const Sketch& current) {
  Drift result;
  for (auto& [name, histogram] : reference.features) {
    auto at = current.features.find(name);
    result.features.push_back(of_feature(name, histogram, at == current.features.end() ? Histogram{} : at->second));
  }
  auto most_moved = [](const FeatureDrift& a, const FeatureDrift& b) {
    return std::pair(a.level, a.psi) > std::pair(b.level, b.psi);
  };
  std::stable_sort(result.features.begin(), result.features.end(), most_moved);
  if (!result.features.empty()) result.level = result.features.front().level;
  switch (result.level) {
    case DriftLevel::unknown:
      result.words = "too few answers to tell: " + std::to_string(current.count) + " now, " +
                     std::to_string(reference.count) + " in the reference, " + std::to_string(enough) + " are needed";
      break;
    case DriftLevel::none:
      result.words = "the inputs are as they were at validation";
      break;
    default:
      result.words = "the inputs have changed: ";
      for (std::size_t i = 0; i < std::min<std::size_t>(3, result.features.size()); i++)
        if (result.features[i].level >= DriftLevel::some) result.words += (i ? ", " : "") + result.features[i].words;
  }
  if (!reference.labels.empty()) result.features.push_back(of_labels(reference, current));
  return result;
}

json::object Drift::to_json() const {
  json::array rows;
  for (auto& row : features)
    rows.push_back({{"feature", row.feature},
                    {"psi", row.psi},
                    {"jensen_shannon", row.jensen_shannon},
                    {"before", row.before},
                    {"now", row.now},
                    {"level", name_of(row.level)},
                    {"words", row.words}});
  return {{"level", name_of(level)}, {"words", words}, {"features", std::move(rows)}};
}

}  // namespace gyre

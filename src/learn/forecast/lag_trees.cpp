// Boosted trees on the last values, places in cycles and columns that are known ahead: every step of the horizon is
// learned from every value of the history that it could have been asked at.
#include <algorithm>
#include <cmath>

#include "learn/forecast/boost.hpp"
#include "learn/forecast/forecaster.hpp"

namespace gyre {

namespace {

constexpr std::size_t most_rows = 12'000;  // that trees are grown from
constexpr std::size_t least_origins = 12;
constexpr std::size_t unasked_horizon = 24;  // where nobody says how far ahead it will be asked

TreeForm form_for(const History& history, const Calendar& calendar) {
  std::size_t points = history.values.size();
  TreeForm form{.window = 4, .horizon = history.horizon ? history.horizon : unasked_horizon};
  form.covariate_count = history.covariate_count;
  std::vector<std::size_t> cycles;
  if (calendar.season > 1) cycles.push_back(calendar.season);
  for (double cycle : calendar.cycles)
    if (auto whole = static_cast<std::size_t>(std::llround(cycle)); whole > 1) cycles.push_back(whole);
  std::sort(cycles.begin(), cycles.end());
  cycles.erase(std::unique(cycles.begin(), cycles.end()), cycles.end());
  for (auto cycle : cycles) {
    if (points < 2 * cycle) break;  // what was not seen twice does not repeat yet
    form.cycles.push_back(cycle);
    if (cycle <= 400 && points >= 2 * cycle + form.horizon + least_origins) form.window = std::max(form.window, cycle);
  }
  form.near = std::min<std::size_t>(calendar.season > 1 && calendar.season <= 12 ? calendar.season : 4, form.window);
  form.level = form.near;
  return form;
}

class LagTrees final : public Forecaster {
 public:
  LagTrees(TreeForm form, std::span<const double> values)
      : form_(std::move(form)), last_(values.end() - static_cast<std::ptrdiff_t>(form_.window), values.end()) {}

  std::string words() const override {
    std::string text = "trees on the last " + std::to_string(form_.near);
    for (auto cycle : form_.cycles)
      text += (cycle <= form_.window ? ", " : ", place in ") + std::to_string(cycle) +
              (cycle <= form_.window ? " before" : "");
    return text + (form_.covariate_count ? ", columns known ahead" : "");
  }
  std::vector<double> forecast(std::size_t horizon, std::span<const double> covariates) const override {
    auto known = form(horizon);
    return known->trees->forecast(last_, covariates, 0);
  }
  std::optional<ForecastForm> form(std::size_t horizon) const override {
    TreeForm trees = form_;
    trees.horizon = horizon;
    return ForecastForm{.window = trees.window,
                        .horizon = horizon,
                        .covariate_count = trees.covariate_count,
                        .trees = std::move(trees)};
  }

 private:
  TreeForm form_;
  std::vector<double> last_;
};

}  // namespace

std::unique_ptr<Forecaster> fit_lag_trees(const History& history, const Calendar& calendar) {
  TreeForm form = form_for(history, calendar);
  std::size_t points = history.values.size(), columns = form.features(), count = form.covariate_count;
  if (points < form.window + least_origins) return nullptr;
  // The newest origins first, fewer of them where there are many.
  std::size_t origins = points - form.window;
  std::size_t apart = std::max<std::size_t>(1, origins * form.horizon / most_rows);
  Matrix features(0, columns);
  std::vector<double> targets;
  for (std::size_t seen = points - 1; seen >= form.window; seen -= std::min(seen, apart)) {
    TreeForm here = form;
    here.horizon = std::min(form.horizon, points - seen);
    auto values = history.values.first(seen);
    auto last = static_cast<std::int64_t>(seen) - static_cast<std::int64_t>(points);
    Matrix rows = here.rows(values, history.covariates.subspan(seen * count), last);
    features.values.insert(features.values.end(), rows.values.begin(), rows.values.end());
    features.rows += rows.rows;
    double base = here.level_of(values);
    for (std::size_t h = 0; h < here.horizon; h++) targets.push_back(history.values[seen + h] - base);
  }
  form.trees = boost(features, targets);
  return std::make_unique<LagTrees>(std::move(form), history.values);
}

}  // namespace gyre

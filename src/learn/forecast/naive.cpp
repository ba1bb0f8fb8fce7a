#include <cmath>

#include "learn/forecast/forecaster.hpp"

namespace gyre {

namespace {

class Naive : public Forecaster {
 public:
  explicit Naive(std::span<const double> season) : season_(season.begin(), season.end()) {}

  std::string words() const override {
    return season_.size() > 1 ? "the last " + std::to_string(season_.size()) + " again" : "the last value again";
  }
  std::vector<double> forecast(std::size_t horizon, std::span<const double>) const override {
    std::vector<double> result(horizon);
    for (std::size_t h = 0; h < horizon; h++) result[h] = season_[h % season_.size()];
    return result;
  }
  std::optional<ForecastForm> form(std::size_t horizon) const override {
    ForecastForm form{.window = season_.size(), .horizon = horizon};
    form.weights.resize(form.inputs() * horizon);
    for (std::size_t h = 0; h < horizon; h++) form.weights[(h % season_.size()) * horizon + h] = 1;
    return form;
  }

 private:
  std::vector<double> season_;
};

}  // namespace

std::unique_ptr<Forecaster> fit_naive(const History& history, const Calendar& calendar) {
  if (history.values.empty()) return nullptr;
  std::size_t season = calendar.season <= history.values.size() ? calendar.season : 1;
  return std::make_unique<Naive>(history.values.last(season));
}

}  // namespace gyre

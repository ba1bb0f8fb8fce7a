#include "data/line/pump.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace gyre {

namespace {

enum Channel : std::size_t { temperature, pressure, flow, current, vibration_x, vibration_y, channels };
using Readings = std::array<double, channels>;

enum class Fault { none, leak, blockage, bearing, overheating, cavitation };
constexpr std::array fault_names{"none", "leak", "blockage", "bearing", "overheating", "cavitation"};
// Heat goes slowly: seconds for which a fault still shows after it was repaired.
constexpr std::array lingers{0.0, 0.0, 0.0, 40.0, 75.0, 0.0};

// What the sensors show when all is well, a little.
constexpr Readings sensor_noise{0.10, 0.03, 0.50, 0.08, 0.06, 0.06};
// What a sensor shows when its wire has no contact: the lower end of its scale.
constexpr Readings sensor_bottom{-40, 0, 0, 0, 0, 0};
constexpr Readings spike_size{25, 4.0, 60, 9, 7, 7};

// The pump and the plant behind it, one step for each reading.
class Pump {
 public:
  explicit Pump(Random& random) : random_(random) {
    demand_ = wanted_ = random.uniform(0.4, 1.0);
    ambient_ = random.uniform(18, 26);
    temperature_ = ambient_ + 14 + 22 * demand_;
    unbalance_ = random.uniform(0.9, 1.1);
  }

  // `strength` 0..1 of the fault; `wear` 0 (new) .. 1 (broken).
  Readings next(Fault fault, double strength, double wear) {
    constexpr double dt = 1.0 / pump_rate;
    time_ += dt;
    if (random_.chance(dt / 45)) wanted_ = random_.uniform(0.4, 1.0);  // the line changes pace
    demand_ += (wanted_ - demand_) * dt / 4;
    wobble_ += -wobble_ * dt / 1.5 + random_.normal(0, 0.012) * std::sqrt(dt);
    double duty = demand_ + wobble_;

    Readings r{};
    r[pressure] = 2.0 + 3.2 * duty * duty;
    r[flow] = 30 + 90 * duty;
    r[current] = 4 + 11 * duty;
    r[vibration_x] = unbalance_ * (0.9 + 1.1 * duty);
    r[vibration_y] = unbalance_ * (0.8 + 0.9 * duty);
    double heat = 14 + 22 * duty;
    switch (fault) {
      case Fault::none:
        break;
      case Fault::leak:
        r[flow] *= 1 - 0.28 * strength, r[pressure] *= 1 - 0.22 * strength;
        break;
      case Fault::blockage:
        r[flow] *= 1 - 0.25 * strength, r[pressure] *= 1 + 0.25 * strength, r[current] *= 1 + 0.10 * strength;
        break;
      case Fault::bearing:
        r[vibration_x] += 1.6 * strength, r[vibration_y] += 1.2 * strength, r[current] *= 1 + 0.05 * strength;
        heat += 10 * strength;
        break;
      case Fault::overheating:
        heat += 160 * strength;
        break;
      case Fault::cavitation: {
        double boil = strength * random_.normal();
        r[pressure] += 0.35 * boil, r[flow] += 7 * boil;
        r[vibration_x] += strength * std::abs(random_.normal(0.5, 0.5));
        r[vibration_y] += strength * std::abs(random_.normal(0.5, 0.5));
        break;
      }
    }
    // Wear shows late and then quickly; the impeller loses pressure, the bearing shakes and warms.
    r[vibration_x] += 3.2 * wear * wear + 0.5 * wear;
    r[vibration_y] += 2.4 * wear * wear + 0.4 * wear;
    r[pressure] *= 1 - 0.16 * wear;
    r[flow] *= 1 - 0.12 * wear;
    r[current] *= 1 + 0.12 * wear;
    heat += 16 * wear;
    temperature_ += (ambient_ + heat - temperature_) * dt / 25;
    r[temperature] = temperature_;
    for (std::size_t c = 0; c < channels; c++) r[c] += random_.normal(0, sensor_noise[c]);
    return r;
  }

 private:
  Random& random_;
  double time_ = 0, demand_ = 0, wanted_ = 0, wobble_ = 0, ambient_ = 0, temperature_ = 0, unbalance_ = 1;
};

// A sensor that goes wrong now and then: a spike of one to three readings, or a dropout in which readings are missing
// or stand at the bottom of the scale.
class Sensors {
 public:
  Sensors(double per_hour, Random random) : chance_(per_hour / 3600 / pump_rate), random_(random) {}

  void spoil(Readings& r) {
    if (left_ == 0 && random_.chance(chance_)) begin();
    if (left_ == 0) return;
    left_--;
    for (std::size_t c = 0; c < channels; c++) {
      if (!hit_[c]) continue;
      if (kind_ == Kind::spike)
        r[c] += size_ * spike_size[c] * random_.uniform(0.8, 1.2);
      else
        r[c] = kind_ == Kind::missing ? std::numeric_limits<double>::quiet_NaN() : sensor_bottom[c];
    }
  }

 private:
  enum class Kind { spike, bottom, missing };
  void begin() {
    double draw = random_.uniform();
    kind_ = draw < 0.6 ? Kind::spike : draw < 0.85 ? Kind::bottom : Kind::missing;
    hit_.fill(false);
    hit_[random_.below(channels)] = true;
    if (kind_ != Kind::spike && random_.chance(0.3)) hit_.fill(true);  // the whole cable
    size_ = random_.uniform(0.6, 1.6) * (random_.chance(0.3) ? -1 : 1);
    left_ = static_cast<int>(kind_ == Kind::spike ? 1 + random_.below(3) : 3 + random_.below(20));
  }

  double chance_;
  Random random_;
  Kind kind_ = Kind::spike;
  std::array<bool, channels> hit_{};
  double size_ = 0;
  int left_ = 0;
};

void append(Series& series, double time, const Readings& readings) {
  // A sensor has so many digits, not more.
  constexpr std::array digits{100.0, 1000.0, 100.0, 1000.0, 1000.0, 1000.0};
  series.values.push_back(time);
  for (std::size_t c = 0; c < channels; c++) series.values.push_back(std::round(readings[c] * digits[c]) / digits[c]);
}

Series empty_series() {
  Series series;
  series.columns = {"time"};
  series.columns.insert(series.columns.end(), pump_columns().begin(), pump_columns().end());
  return series;
}

// Faults, far enough from each other and from the ends that every alarm belongs to one thing.
std::vector<std::pair<Interval, Fault>> plan_faults(const PumpPlan& plan, Random& random) {
  std::vector<std::pair<Interval, Fault>> faults;
  if (plan.faults_per_hour <= 0) return faults;
  constexpr double quiet = 90;
  double gap = std::max(1.0, 3600 / plan.faults_per_hour - quiet - 45);
  auto tenths = [](double seconds) { return std::round(seconds * pump_rate) / pump_rate; };
  double at = quiet;
  while (true) {
    at = tenths(at - gap * std::log(1 - random.uniform()));
    auto fault = static_cast<Fault>(1 + random.below(5));
    auto kind = static_cast<std::size_t>(fault);
    double lasts = tenths(random.uniform(25, 70));
    if (at + lasts + lingers[kind] + 20 > plan.seconds) return faults;
    faults.push_back({{at, tenths(at + lasts + lingers[kind]), fault_names[kind]}, fault});
    at += lasts + lingers[kind] + quiet;
  }
}

double ramp(const Interval& interval, Fault fault, double time) {
  constexpr double rise = 6;  // seconds
  double repaired = interval.to - lingers[static_cast<std::size_t>(fault)];
  return std::clamp(std::min(time - interval.from, repaired - time) / rise, 0.0, 1.0);
}

}  // namespace

const std::vector<std::string>& pump_columns() {
  static const std::vector<std::string> names{"temperature", "pressure",    "flow",
                                              "current",     "vibration_x", "vibration_y"};
  return names;
}

PumpRecording record_pump(const PumpPlan& plan, Random& random) {
  PumpRecording recording{empty_series(), {}};
  Pump pump(random);
  Sensors sensors(plan.sensor_faults_per_hour, random.split(1));
  auto faults = plan_faults(plan, random);
  std::vector<double> severity;
  for (auto& [interval, fault] : faults) {
    recording.faults.push_back(interval);
    severity.push_back(random.uniform(0.7, 1.0));
  }
  auto rows = static_cast<std::int64_t>(plan.seconds * pump_rate);
  std::size_t coming = 0;
  for (std::int64_t i = 0; i < rows; i++) {
    double time = static_cast<double>(i) / pump_rate;
    while (coming < faults.size() && time > faults[coming].first.to) coming++;
    Fault fault = Fault::none;
    double strength = 0;
    if (coming < faults.size() && time >= faults[coming].first.from) {
      fault = faults[coming].second;
      strength = severity[coming] * ramp(faults[coming].first, fault, time);
    }
    Readings readings = pump.next(fault, strength, 0);
    sensors.spoil(readings);
    append(recording.readings, time, readings);
  }
  return recording;
}

Series run_pump_to_failure(Random& random) {
  Series series = empty_series();
  Pump pump(random);
  double life = random.uniform(360, 900);
  double onset = random.uniform(0.25, 0.6);  // the share of life before any wear
  double bend = random.uniform(1.2, 2.2);    // how suddenly it goes at the end
  double limit = random.uniform(0.9, 1.1);   // pumps break at different wear
  auto rows = static_cast<std::int64_t>(life * pump_rate);
  double uneven = 0;
  for (std::int64_t i = 0; i < rows; i++) {
    double part = static_cast<double>(i) / static_cast<double>(rows);
    uneven += -uneven * 0.002 + random.normal(0, 0.0015);
    double wear = limit * std::pow(std::max(0.0, part - onset) / (1 - onset), bend) + uneven;
    append(series, static_cast<double>(i) / pump_rate, pump.next(Fault::none, 0, std::max(0.0, wear)));
  }
  return series;
}

}  // namespace gyre

#pragma once
// The demo line's pump: six readings ten times a second. It follows a changing demand; the pump itself can fail, its
// sensors can fail, and it can be run until it breaks.
#include <string>
#include <vector>

#include "base/random.hpp"
#include "data/intervals.hpp"
#include "media/series.hpp"

namespace gyre {

inline constexpr int pump_rate = 10;  // Hz

// "time" in seconds from `start`, then temperature [C], pressure [bar], flow [l/min], current [A], vibration_x and
// vibration_y [mm/s].
const std::vector<std::string>& pump_columns();

struct PumpRecording {
  Series readings;
  std::vector<Interval> faults;  // of the pump; what the sensors do wrong is none
};

struct PumpPlan {
  double seconds = 600;
  double faults_per_hour = 0;         // of the pump: leak, blockage, bearing, overheating, cavitation
  double sensor_faults_per_hour = 0;  // of a sensor: spikes, dropouts
};
PumpRecording record_pump(const PumpPlan& plan, Random& random);

// One pump from new to broken, in accelerated wear: it takes some 6 to 15 minutes. The last reading is the end of its
// life.
Series run_pump_to_failure(Random& random);

}  // namespace gyre

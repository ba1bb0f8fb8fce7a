#pragma once
// One turn of the loop on the demo line, station by station, with real parts (docs/stations/).
#include <map>
#include <string>

#include "cli/loop/parts.hpp"

namespace gyre {

struct LoopOptions {
  std::int64_t seed = 1;
  std::string folder = "gyre-loop";
  std::string out = "loop.json";
  bool quick = false;
};

// How much of everything a turn takes.
struct TurnSize {
  std::int64_t frames = 2500, sounds = 900;  // to learn from
  std::int64_t bottle_epochs = 0, gearbox_epochs = 30, pump_epochs = 40, life_epochs = 30;
  std::int64_t day_drive = 60, evening_drive = 360;  // frames for each device
  double accuracy = 0.95;                            // below it a device's validation holds a roll-out back
  double worse = 0;                                  // by how much a retrained model may be worse than the champion
  static TurnSize quick() { return {500, 180, 3, 3, 3, 3, 20, 40, 0, 0.5}; }
};

// A pipeline that ended: what its nodes made and measured.
class Results {
 public:
  explicit Results(json::object status) : status_(std::move(status)) {}
  std::string digest(std::string_view node, std::string_view output) const;
  double metric(std::string_view node, std::string_view name) const;
  const json::array& nodes() const { return status_.at("nodes").as_array(); }

 private:
  const json::object& node(std::string_view id) const;
  json::object status_;
};

class Turn {
 public:
  Turn(LoopOptions options, bool quiet);
  json::object run();  // what goes into loop.json

 private:
  struct Deployed {
    std::string image;
    std::string model;  // name@version
    json::object package;
    json::object rollout;
  };
  Results pipeline(std::string_view example_name, const json::object& parameters);
  Results drive(const std::string& name, const std::string& condition, const Deployed& bottle, std::int64_t frames,
                std::int64_t seed);
  std::string register_model(const std::string& name, const Results& results, const std::string& node,
                             const json::object& metrics);
  Deployed deploy(const std::string& app, const std::string& input, const std::string& model,
                  const std::string& package, const json::object& more);
  void watch_bottle(const Deployed& bottle, const Results& results, const std::string& node);
  json::object gate() const;
  void first_half();
  void second_half();
  json::object figures();
  json::value blob(const std::string& digest);
  void say(const std::string& station, const std::string& line);

  LoopOptions options_;
  TurnSize size_;
  bool quiet_;
  LoopParts parts_;
  double began_;
  std::map<std::string, double> seconds_;  // by station
  std::optional<Results> built_, retrained_, day_drive_, evening_drive_;
  Deployed bottle_, bottle_again_, gearbox_, pump_;
};

// The table for people.
std::string loop_table(const json::object& figures, bool colour);

}  // namespace gyre

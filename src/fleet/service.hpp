#pragma once
// What `gyre up` runs for its devices: the broker, the bus, and the worker that handles messages and moves roll-outs
// on.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "edge/bus.hpp"
#include "fleet/broker.hpp"
#include "fleet/fleet.hpp"

namespace gyre {

// A port that is free at this moment, `rather` if it is: mosquitto cannot pick one and tell.
int free_port(const std::string& address, int rather = 0);

class FleetService {
 public:
  // `address`: where the broker listens. `log` takes lines for people.
  FleetService(Fleet& fleet, std::string address, std::function<void(std::string_view line)> log);
  ~FleetService();
  void start();  // Error{unavailable} when the broker does not start
  void stop();
  pid_t broker_pid() const { return broker_.pid(); }
  bool connected() const { return bus_ && bus_->connected(); }

 private:
  void on_message(std::string_view topic, std::string_view payload);
  void on_state(bool connected, std::string_view why);
  void work();
  bool work_once();  // false: something has to be tried again later
  void publish_desired();
  void say_once(const std::string& line);
  void wake();

  Fleet& fleet_;
  std::function<void(std::string_view)> log_;
  Broker broker_;
  std::unique_ptr<Bus> bus_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable something_;
  bool pending_ = false;
  bool stopping_ = false;
  bool all_desired_ = false;       // the bus is new: every device's desired twin is to be published
  std::set<std::string> desired_;  // devices whose desired twin is to be published
  std::set<std::string> said_;     // lines that are said once
  std::thread worker_;
};

}  // namespace gyre

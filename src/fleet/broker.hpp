#pragma once
// The MQTT broker of a workspace: a mosquitto child over mutual TLS. A device's name is its certificate's CN; it may
// use its own topics only. The child is started again at once when it dies: what was on its way is sent again by those
// who sent it (edge/messages.hpp).
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/process.hpp"

namespace gyre {

struct BrokerOptions {
  std::string address = "127.0.0.1";  // where it listens
  int port = 8883;
  std::filesystem::path folder;  // its configuration, log and persistence
  std::filesystem::path ca, revoked, certificate, key;
  std::string server = "gyre-server";  // the CN that may use every device's topics
};

std::string broker_configuration(const BrokerOptions& options);
std::string broker_access_list(const BrokerOptions& options);

class Broker {
 public:
  explicit Broker(BrokerOptions options);
  ~Broker();
  // Returns when it listens. Error{unavailable} says why it does not.
  void start();
  // Cuts every connection and reads the revocation list anew; devices connect again by themselves.
  void restart();
  pid_t pid() const { return pid_; }

 private:
  void watch();
  void run_once();
  bool listens() const;
  std::string last_words() const;

  BrokerOptions options_;
  std::atomic<pid_t> pid_ = 0;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  bool restart_ = false;
  int ended_ = 0;  // how often the child ended
  std::thread thread_;
};

}  // namespace gyre

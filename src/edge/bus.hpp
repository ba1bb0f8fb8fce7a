#pragma once
// A connection to the MQTT broker (libmosquitto, mutual TLS, MQTT 3.1.1, QoS 1) that comes back by itself.
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct mosquitto;

namespace gyre {

struct BusOptions {
  std::string name;  // client id; the broker keeps this client's session
  std::string host = "127.0.0.1";
  int port = 8883;
  std::filesystem::path ca{};  // PEM; empty: no TLS
  std::filesystem::path certificate{};
  std::filesystem::path key{};
  std::string presence{};  // topic: retained {"online":true} after each connect, {"online":false} as the last will
  double longest_wait_seconds = 30;  // between attempts to connect; the wait doubles from 0.25 s, with jitter
};

// Callbacks are called on the bus's own thread, one at a time. Nothing is queued while there is no connection: what
// must arrive is stored first (Outbox, or the server's tables) and published again after the next connect.
class Bus {
 public:
  using OnMessage = std::function<void(std::string_view topic, std::string_view payload)>;
  using OnState = std::function<void(bool connected, std::string_view why)>;  // why: of a break or a refusal

  Bus(BusOptions options, std::vector<std::string> filters, OnMessage on_message, OnState on_state);
  ~Bus() { stop(); }
  Bus(const Bus&) = delete;

  void start();
  // Disconnects; no handler runs any more when it returns. Until then they may use the bus: it must still be there.
  void stop();
  bool connected() const { return connected_; }
  // At QoS 1, from any thread. False when there is no connection.
  bool publish(const std::string& topic, std::string_view payload, bool retained = false);
  void reconnect_now() { hurry_ = true; }  // ends a wait between attempts

 private:
  struct Close {
    void operator()(mosquitto* client) const;
  };
  void loop();
  void report(bool connected, std::string why);
  void wait(double seconds);

  BusOptions options_;
  std::vector<std::string> filters_;
  OnMessage on_message_;
  OnState on_state_;
  std::unique_ptr<mosquitto, Close> client_;
  std::atomic<bool> stop_ = false, connected_ = false, hurry_ = false;
  std::string trouble_;  // the last error line of libmosquitto or OpenSSL; only the bus's thread touches it
  std::thread thread_;
};

}  // namespace gyre

#include "edge/bus.hpp"

#include <mosquitto.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"

namespace gyre {

constexpr std::string_view online_text = R"({"online":true})";
constexpr std::string_view offline_text = R"({"online":false})";

static void check(int code, const std::string& what) {
  if (code != MOSQ_ERR_SUCCESS) throw Error(Code::invalid, what + ": " + mosquitto_strerror(code));
}

// A callback of ours must not throw through libmosquitto's C frames.
template <class Function>
static void guarded(const char* what, Function&& function) {
  try {
    function();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s bus: %s: %s\n", iso_now().c_str(), what, error.what());
  }
}

void Bus::Close::operator()(mosquitto* client) const { mosquitto_destroy(client); }

Bus::Bus(BusOptions options, std::vector<std::string> filters, OnMessage on_message, OnState on_state)
    : options_(std::move(options)),
      filters_(std::move(filters)),
      on_message_(std::move(on_message)),
      on_state_(std::move(on_state)) {
  static std::once_flag once;
  std::call_once(once, [] { mosquitto_lib_init(); });
  client_.reset(mosquitto_new(options_.name.c_str(), /*clean_session=*/false, this));
  if (!client_) throw Error(Code::invalid, "MQTT client \"" + options_.name + "\" cannot be made");
  auto* client = client_.get();
  mosquitto_threaded_set(client, true);
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  if (!options_.ca.empty()) {
    for (auto& file : {options_.ca, options_.certificate, options_.key})
      if (!file.empty() && !std::filesystem::exists(file))
        throw Error(Code::not_found, file.string() + ": no such file", "give the files that `gyre device add` wrote");
    const char* certificate = options_.certificate.empty() ? nullptr : options_.certificate.c_str();
    const char* key = options_.key.empty() ? nullptr : options_.key.c_str();
    check(mosquitto_tls_set(client, options_.ca.c_str(), nullptr, certificate, key, nullptr), "TLS files");
    check(mosquitto_tls_opts_set(client, /*verify peer*/ 1, "tlsv1.2", nullptr), "TLS options");
  }
  if (!options_.presence.empty())
    check(mosquitto_will_set(client, options_.presence.c_str(), offline_text.size(), offline_text.data(), /*qos=*/1,
                             /*retain=*/true),
          "last will on " + options_.presence);
  mosquitto_log_callback_set(client, [](mosquitto*, void* self, int level, const char* text) {
    if (level == MOSQ_LOG_ERR) static_cast<Bus*>(self)->trouble_ = text;
  });
  mosquitto_connect_callback_set(client, [](mosquitto* client, void* self, int code) {
    auto* bus = static_cast<Bus*>(self);
    if (code != 0) {
      bus->trouble_ = mosquitto_connack_string(code);  // the loop reports the break that follows
      return;
    }
    for (auto& filter : bus->filters_) mosquitto_subscribe(client, nullptr, filter.c_str(), /*qos=*/1);
    bus->connected_ = true;
    if (!bus->options_.presence.empty()) bus->publish(bus->options_.presence, online_text, /*retained=*/true);
    bus->report(true, {});
  });
  mosquitto_message_callback_set(client, [](mosquitto*, void* self, const mosquitto_message* message) {
    auto* bus = static_cast<Bus*>(self);
    guarded(message->topic, [&] {
      bus->on_message_(message->topic,
                       {static_cast<const char*>(message->payload), static_cast<std::size_t>(message->payloadlen)});
    });
  });
}

void Bus::stop() {
  if (connected_ && !options_.presence.empty()) publish(options_.presence, offline_text, /*retained=*/true);
  if (connected_) mosquitto_disconnect(client_.get());  // the loop sends what waits and ends
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Bus::start() {
  thread_ = std::thread([this] { loop(); });
}

void Bus::report(bool connected, std::string why) {
  connected_ = connected;
  if (on_state_) guarded("connection", [&] { on_state_(connected, why); });
}

void Bus::wait(double seconds) {
  hurry_ = false;
  auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!stop_ && !hurry_ && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

// libmosquitto's own loop ends for good at a TLS error (a revoked certificate, a broker in the middle of its start), so
// connecting again is done here.
void Bus::loop() {
  Random random(static_cast<std::uint64_t>(now_ms()) ^ std::hash<std::string>{}(options_.name));
  constexpr double first_wait = 0.25;
  double pause = first_wait;
  bool again = false;
  while (!stop_) {
    trouble_.clear();
    int code = again ? mosquitto_reconnect(client_.get())
                     : mosquitto_connect(client_.get(), options_.host.c_str(), options_.port, /*keepalive=*/30);
    again = again || code == MOSQ_ERR_SUCCESS;
    bool was_connected = false;
    int farewell = 20;  // rounds for what still waits to be sent; a broker that hangs must not hold us
    while (code == MOSQ_ERR_SUCCESS && farewell > 0) {
      if (stop_) farewell--;
      code = mosquitto_loop(client_.get(), /*timeout ms=*/stop_ ? 50 : 500, /*packets=*/1);
      was_connected = was_connected || connected_;
    }
    if (stop_) break;
    std::string why = code == MOSQ_ERR_ERRNO ? system_error(errno, options_.host).text() : mosquitto_strerror(code);
    if (!trouble_.empty()) why += " (" + trouble_ + ")";
    if (was_connected) pause = first_wait;
    report(false, why);
    wait(pause * random.uniform(0.75, 1.25));
    pause = std::min(pause * 2, options_.longest_wait_seconds);
  }
}

bool Bus::publish(const std::string& topic, std::string_view payload, bool retained) {
  if (!connected_) return false;
  return mosquitto_publish(client_.get(), nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(),
                           /*qos=*/1, retained) == MOSQ_ERR_SUCCESS;
}

}  // namespace gyre

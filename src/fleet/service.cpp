#include "fleet/service.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "edge/messages.hpp"

namespace gyre {

using namespace std::chrono_literals;

static BrokerOptions broker_options(Fleet& fleet, const std::string& address) {
  auto files = fleet.server_certificates();
  return {.address = address,
          .port = fleet.addresses().port,
          .folder = fleet.workspace().run_folder() / "broker",
          .ca = files.ca,
          .revoked = files.revoked,
          .certificate = files.certificate,
          .key = files.key,
          .server = Fleet::server_name};
}

FleetService::FleetService(Fleet& fleet, std::string address, std::function<void(std::string_view)> log)
    : fleet_(fleet), log_(std::move(log)), broker_(broker_options(fleet, address)) {}

FleetService::~FleetService() { stop(); }

void FleetService::start() {
  broker_.start();
  auto desired = [this](const std::string& device) {
    {
      std::lock_guard lock(mutex_);
      desired_.insert(device);
    }
    wake();
  };
  auto revoked = [this](const std::string& device) {
    if (bus_) {  // what the broker keeps for it goes
      bus_->publish(topic_desired(device), "", true);
      bus_->publish(topic_state(device), "", true);
    }
    broker_.restart();  // an open connection outlives a new revocation list: all are cut, and the others come back
  };
  auto addresses = fleet_.addresses();
  // A registry that moved is told to everybody.
  for (auto& device : fleet_.devices().list())
    if (device.state == "active")
      fleet_.devices().patch_desired(device.name, {{"registry", addresses.registry}}, Fleet::server_name);
  auto files = fleet_.server_certificates();
  bus_ = std::make_unique<Bus>(
      BusOptions{.name = Fleet::server_name,
                 .port = addresses.port,
                 .ca = files.ca,
                 .certificate = files.certificate,
                 .key = files.key,
                 .longest_wait_seconds = 1},
      std::vector<std::string>{topic_up("+"), topic_state("+")},
      [this](std::string_view topic, std::string_view payload) { on_message(topic, payload); },
      [this](bool connected, std::string_view why) { on_state(connected, why); });
  bus_->start();
  fleet_.connect({.desired = desired, .revoked = revoked, .wake = [this] { wake(); }});
  worker_ = std::thread([this] { work(); });
}

// The port that was bound, for a moment: `port` itself, or any for 0.
static std::optional<int> try_port(const std::string& address, int port) {
  FileHandle socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);  // as the servers do
  sockaddr_in chosen{};
  chosen.sin_family = AF_INET;
  chosen.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof chosen;
  if (::inet_pton(AF_INET, address.c_str(), &chosen.sin_addr) != 1 ||
      ::bind(socket.get(), reinterpret_cast<sockaddr*>(&chosen), size) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&chosen), &size) != 0)
    return {};
  return ntohs(chosen.sin_port);
}

int free_port(const std::string& address, int rather) {
  if (auto port = rather ? try_port(address, rather) : std::nullopt) return *port;
  if (auto port = try_port(address, 0)) return *port;
  throw Error(Code::unavailable, "no port can be had at " + address, "give an IPv4 address of this machine");
}

void FleetService::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  something_.notify_all();
  if (worker_.joinable()) worker_.join();
  fleet_.connect({});
  if (bus_) bus_->stop();  // a message that just comes is acknowledged through it
  bus_.reset();
}

void FleetService::wake() {
  {
    std::lock_guard lock(mutex_);
    pending_ = true;
  }
  something_.notify_all();
}

void FleetService::say_once(const std::string& line) {
  {
    std::lock_guard lock(mutex_);
    if (said_.size() > 1000 || !said_.insert(line).second) return;
  }
  log_(line);
}

// "gyre/<device>/up" and "gyre/<device>/state"; the broker lets a device write its own only.
void FleetService::on_message(std::string_view topic, std::string_view payload) {
  auto first = topic.find('/'), last = topic.rfind('/');
  if (first == std::string_view::npos || first == last) return;
  std::string device(topic.substr(first + 1, last - first - 1));
  try {
    if (topic.substr(last) == "/state") {
      if (!payload.empty()) fleet_.set_online(device, get_bool(parse_json(payload, topic), "online"));
    } else {
      std::int64_t seq = fleet_.inbox().store(device, payload);
      bus_->publish(topic_down(device), canonical({{"kind", "ack"}, {"seq", seq}}));
    }
    wake();
  } catch (const Error& error) {  // not acknowledged: it comes again, and the next may go better (a full disk)
    say_once(error.text());
  }
}

void FleetService::on_state(bool connected, std::string_view why) {
  if (!connected) {
    log_("the bus is not connected: " + std::string(why));
    return;
  }
  {
    std::lock_guard lock(mutex_);
    all_desired_ = true;
  }
  wake();
}

void FleetService::publish_desired() {
  std::set<std::string> names;
  bool all = false;
  {
    std::lock_guard lock(mutex_);
    if (!bus_->connected()) return;
    names.swap(desired_);
    all = std::exchange(all_desired_, false);
  }
  std::vector<Device> devices;
  try {
    if (all)
      devices = fleet_.devices().list();
    else
      for (auto& name : names)
        if (auto device = fleet_.devices().find(name)) devices.push_back(std::move(*device));
  } catch (const Error&) {  // the rows are away: who was to be told still is
    std::lock_guard lock(mutex_);
    desired_.merge(names);
    all_desired_ = all_desired_ || all;
    throw;
  }
  for (auto& device : devices) {
    if (device.state != "active") continue;
    bool sent = bus_->publish(topic_desired(device.name), canonical(told(device.desired)), /*retained=*/true);
    if (sent && all) sent = bus_->publish(topic_down(device.name), canonical({{"kind", "resend"}}));
    if (sent) continue;
    std::lock_guard lock(mutex_);  // the connection broke: the next one begins with all
    all_desired_ = true;
    return;
  }
}

bool FleetService::work_once() {
  auto handled = fleet_.inbox().handle_waiting();
  for (int turns = 0; turns < 100 && fleet_.rollouts().advance(now_ms()); turns++) {
  }
  publish_desired();
  return handled.all;
}

void FleetService::work() {
  auto pruned = std::chrono::steady_clock::now();
  while (true) {
    bool good = true;
    try {
      good = work_once();
      if (std::chrono::steady_clock::now() - pruned > 10min) {
        fleet_.inbox().prune();
        pruned = std::chrono::steady_clock::now();
      }
    } catch (const std::exception& error) {
      say_once(std::string("device work: ") + error.what());
      good = false;
    }
    std::unique_lock lock(mutex_);
    if (!good)
      something_.wait_for(lock, 1s, [&] { return stopping_; });
    else
      something_.wait_for(lock, 250ms, [&] { return pending_ || stopping_; });  // time-outs are looked at as well
    pending_ = false;
    if (stopping_) return;
  }
}

}  // namespace gyre

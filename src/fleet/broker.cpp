#include "fleet/broker.hpp"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "base/error.hpp"
#include "base/file.hpp"

namespace gyre {

using namespace std::chrono_literals;

static std::string own_user() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry ? entry->pw_name : "nobody";
}

std::string broker_configuration(const BrokerOptions& options) {
  auto path = [&](const char* name) { return (options.folder / name).string(); };
  std::string text =
      "# Written by gyre at each start of the broker; changes are lost.\n"
      "listener " +
      std::to_string(options.port) + " " + options.address +
      "\n"
      "cafile " +
      options.ca.string() +
      "\n"
      "crlfile " +
      options.revoked.string() +
      "\n"
      "certfile " +
      options.certificate.string() +
      "\n"
      "keyfile " +
      options.key.string() +
      "\n"
      "tls_version tlsv1.2\n"
      "require_certificate true\n"
      "use_identity_as_username true\n"
      "use_username_as_clientid true\n"  // else one device could throw another out by its client id
      "allow_anonymous false\n"
      "acl_file " +
      path("acl") +
      "\n"
      "set_tcp_nodelay true\n"
      "max_connections 20000\n"
      "max_inflight_messages 64\n"
      "max_queued_messages 10000\n"
      "max_packet_size 33554432\n"
      "persistence true\n"
      "persistence_location " +
      options.folder.string() +
      "/\n"
      "autosave_interval 60\n"
      "persistent_client_expiration 14d\n"
      "sys_interval 0\n"
      "log_dest stderr\n"
      "log_type error\n"
      "log_type warning\n"
      "log_type notice\n"
      "log_type information\n"  // that it runs
      "log_timestamp_format %Y-%m-%dT%H:%M:%S\n";
  if (::getuid() == 0) text += "user " + own_user() + "\n";  // else it gives up root and cannot read its own folder
  return text;
}

// One pattern for all devices: %u is the certificate's CN. A device added needs no reload.
std::string broker_access_list(const BrokerOptions& options) {
  return "user " + options.server +
         "\n"
         "topic readwrite gyre/#\n"
         "\n"
         "pattern write gyre/%u/up\n"
         "pattern write gyre/%u/state\n"
         "pattern read gyre/%u/desired\n"
         "pattern read gyre/%u/down\n";
}

Broker::Broker(BrokerOptions options) : options_(std::move(options)) {}

Broker::~Broker() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// Whether the child itself says so: that something answers at the port may be another broker that was faster.
bool Broker::listens() const {
  return read_file(options_.folder / "mosquitto.log").find(" running\n") != std::string::npos;
}

std::string Broker::last_words() const {
  std::string log = read_file(options_.folder / "mosquitto.log");
  while (!log.empty() && log.back() == '\n') log.pop_back();
  return log.substr(log.rfind('\n') + 1);
}

void Broker::start() {
  make_folders(options_.folder);
  write_file(options_.folder / "mosquitto.conf", broker_configuration(options_), 0600);
  write_file(options_.folder / "acl", broker_access_list(options_), 0600);
  write_file(options_.folder / "mosquitto.log", "", 0600);
  thread_ = std::thread([this] { watch(); });
  auto until = std::chrono::steady_clock::now() + 10s;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, 5ms, [&] { return ended_ > 0; });
      if (ended_ > 0 || std::chrono::steady_clock::now() > until)
        throw Error(Code::unavailable, "the MQTT broker does not start: " + last_words(),
                    "its log is " + (options_.folder / "mosquitto.log").string());
    }
    if (listens()) return;
  }
}

void Broker::restart() {
  {
    std::lock_guard lock(mutex_);
    restart_ = true;
  }
  changed_.notify_all();
}

// The child is started by this thread alone: it is told to die with the thread that made it.
void Broker::watch() {
  while (true) {
    auto started = std::chrono::steady_clock::now();
    run_once();
    std::unique_lock lock(mutex_);
    ended_++;
    changed_.notify_all();
    if (stopping_) return;
    // One that ran is back at once; one that cannot start is not tried in a tight loop.
    if (std::chrono::steady_clock::now() - started < 500ms) changed_.wait_for(lock, 1s, [&] { return stopping_; });
    if (stopping_) return;
  }
}

void Broker::run_once() {
  Child child;
  try {
    child = Child::start({.command = {"mosquitto", "-c", (options_.folder / "mosquitto.conf").string()},
                          .output_file = options_.folder / "mosquitto.log"});
  } catch (const Error& error) {
    append_line(options_.folder / "mosquitto.log", "cannot start mosquitto: " + error.text());
    return;
  }
  pid_ = child.pid();
  std::unique_lock lock(mutex_);
  while (child.running() && !stopping_ && !restart_) changed_.wait_for(lock, 20ms);
  restart_ = false;
  pid_ = 0;
  lock.unlock();
  child.stop(2);
}

}  // namespace gyre

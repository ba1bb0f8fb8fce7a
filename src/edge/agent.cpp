#include "edge/agent.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "base/process.hpp"
#include "edge/bus.hpp"
#include "edge/gatherer.hpp"
#include "edge/helper.hpp"
#include "edge/helper_process.hpp"
#include "edge/log.hpp"
#include "edge/messages.hpp"
#include "edge/module_keeper.hpp"

namespace gyre {

namespace {

// Milliseconds since this program was started, by the kernel's account: what an operator waits.
std::int64_t ms_since_exec() {
  std::string stat = read_file("/proc/self/stat");
  std::size_t at = stat.rfind(')') + 2;  // field 3; the start time is field 22
  for (int field = 3; field < 22; field++) at = stat.find(' ', at) + 1;
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000 - std::stoll(stat.substr(at)) * 1000 / ::sysconf(_SC_CLK_TCK);
}

// What the bus's thread hands to the agent's.
class Inbox {
 public:
  struct Item {
    enum class Kind { connected, broken, desired, down } kind;  // text: ms since the start, why, or the message
    std::string text;
  };
  Inbox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  int fd() const { return wake_.get(); }
  void put(Item item) {
    {
      std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(wake_.get(), &one, sizeof one);  // full: it is awake already
  }
  std::deque<Item> take() {
    std::uint64_t count;
    [[maybe_unused]] auto got = ::read(wake_.get(), &count, sizeof count);
    std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }

 private:
  FileHandle wake_;
  std::mutex mutex_;
  std::deque<Item> items_;  // guarded by mutex_
};

class Agent {
 public:
  Agent(const fs::path& state, const fs::path& config_file)
      : config_file_(fs::absolute(config_file)),
        config_(read_agent_config(config_file)),
        state_(state),
        lock_(lock(state_.folder())),
        place_(state_.folder(), config_.device),
        outbox_(state_.db(), config_.outbox_bytes),
        images_(state_.folder()),
        sender_(outbox_, [this](std::string_view payload) { return bus_.publish(topic_up(config_.device), payload); }),
        gatherer_(state_, outbox_),
        bus_(
            config_.bus, {topic_desired(config_.device), topic_down(config_.device)},
            [this](std::string_view topic, std::string_view payload) {
              auto kind = topic == topic_desired(config_.device) ? Inbox::Item::Kind::desired : Inbox::Item::Kind::down;
              inbox_.put({kind, std::string(payload)});
            },
            [this](bool connected, std::string_view why) {
              if (connected)
                inbox_.put({Inbox::Item::Kind::connected, std::to_string(ms_since_exec())});
              else
                inbox_.put({Inbox::Item::Kind::broken, std::string(why)});
            }) {}

  int run(const std::atomic<bool>& stop) {
    bus_.start();
    place_.remove_left_over();
    // Their answers are stored; only their removal was cut off.
    for (auto& file : state_.answered()) remove_all(file);
    for (auto& row : state_.modules()) keeper(row.name);
    tidy_due_ = true;
    while (!stop) {
      turn(now_ms());
      wait();
    }
    log_line("stops");
    keepers_.clear();
    sender_.send(now_ms());
    return 0;
  }

 private:
  static FileHandle lock(const fs::path& folder) {
    make_folders(folder / "run");
    FileHandle file = open_file(folder / "run" / "agent.lock", O_RDWR | O_CREAT);
    // A child of a killed agent may hold it for a moment longer, until it ends too.
    for (int attempt = 0; ::flock(file.get(), LOCK_EX | LOCK_NB) != 0; attempt++) {
      if (attempt == 150)
        throw Error(Code::conflict, "another agent runs with the state folder " + folder.string(),
                    "stop it, or give another --state");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return file;
  }

  ModuleKeeper& keeper(const std::string& name) {
    auto& place = keepers_[name];
    if (!place) place = std::make_unique<ModuleKeeper>(AgentParts{config_, state_, outbox_, images_, place_}, name);
    return *place;
  }

  void turn(std::int64_t now) {
    for (auto& item : inbox_.take()) take(item);
    reap_helper(now);
    remove_unwanted();
    std::map<std::string, std::string> wishes;  // image -> module
    std::map<std::string, std::string> inputs;  // input -> module
    for (auto& [name, keeper] : keepers_) {
      if (auto input = keeper->input()) {
        auto [other, free] = inputs.emplace(*input, name);
        if (!free) keeper->refuse("its input \"" + *input + "\" is taken by module " + other->second);
      }
      std::string image = keeper->turn(now);
      if (!image.empty()) wishes.emplace(image, name);
    }
    gatherer_.turn(inputs);
    start_helper(wishes, now);
    if (tidy_due_ && !helper_) tidy();
    if (now >= next_measure_) measure(now);
    report();
    if (bus_.connected()) sender_.send(now);
  }

  void wait() {
    std::vector<pollfd> entries{{inbox_.fd(), POLLIN, 0}};
    for (auto& [name, keeper] : keepers_)
      if (keeper->output() >= 0) entries.push_back({keeper->output(), POLLIN, 0});
    ::poll(entries.data(), entries.size(), helper_ ? 20 : 200);
  }

  void take(const Inbox::Item& item) {
    using Kind = Inbox::Item::Kind;
    try {
      if (item.kind == Kind::connected) {
        if (start_ms_ == 0) start_ms_ = std::stoll(item.text);
        log_line("connected to " + config_.bus.host + ":" + std::to_string(config_.bus.port));
        last_break_.clear();
        sender_.start_over();
      } else if (item.kind == Kind::broken) {
        if (item.text != last_break_) log_line("no connection: " + item.text);
        last_break_ = item.text;
      } else if (item.kind == Kind::down) {
        json::value message = parse_json(item.text, "message from the server");
        std::string kind = get_string(message, "kind");
        if (kind == "ack")
          sender_.acknowledged(get_int(message, "seq"));
        else if (kind == "resend")
          sender_.start_over();
      } else {
        take_desired(item.text);
      }
    } catch (const Error& error) {
      log_line(error.text());  // a message that cannot be read changes nothing
    }
  }

  void take_desired(const std::string& text) {
    json::value desired = parse_json(text, "desired twin");
    if (!state_.take_desired(desired)) return;
    log_line("desired twin, version " + std::to_string(get_int(desired, "$version")));
    for (auto& row : state_.modules()) keeper(row.name);
    next_validate_ = 0;
    tidy_due_ = true;
  }

  // A module that is no longer in the desired twin.
  void remove_unwanted() {
    for (auto& row : state_.modules()) {
      if (!row.wanted.empty()) continue;
      keepers_.erase(row.name);
      json::object document = state_.reported();
      if (auto* modules = document.if_contains("modules")) modules->as_object().erase(row.name);
      state_.db().transaction([&] {
        state_.remove(row.name);
        outbox_.put("reported", {{"modules", {{row.name, nullptr}}}});
        state_.set_reported(document);
      });
      tidy_due_ = true;
      log_line("module " + row.name + ": taken off");
    }
  }

  void start_helper(const std::map<std::string, std::string>& wishes, std::int64_t now) {
    if (helper_ && helper_->work() == "install" && !wishes.contains(helper_->image())) helper_ = nullptr;  // kills it
    if (helper_) return;
    if (!wishes.empty()) {
      helper_module_ = wishes.begin()->second;
      helper_ = std::make_unique<HelperProcess>(state_.folder(), config_file_, "install", wishes.begin()->first);
      return;
    }
    if (now < next_validate_) return;
    json::object desired = state_.desired();
    auto* validate = find(desired, "validate");
    auto id = validate ? find_string(*validate, "id") : std::nullopt;
    next_validate_ = INT64_MAX;  // until another desired twin, or a failure
    if (!id || state_.was_validated(*id)) return;
    log_line("validates " + string_or(*validate, "image", "?"));
    helper_ = std::make_unique<HelperProcess>(state_.folder(), config_file_, "validate", "");
  }

  void reap_helper(std::int64_t now) {
    if (!helper_ || helper_->running()) return;
    auto helper = std::move(helper_);
    auto failure = helper->failure();
    if (helper->work() == "install") {
      auto found = keepers_.find(helper_module_);
      if (!failure)
        tidy_due_ = true;
      else if (found != keepers_.end())
        found->second->install_failed(failure->text(), !may_pass(failure->code), now);
    } else if (failure) {
      validate_failures_++;
      next_validate_ = now + restart_wait_ms(validate_failures_);
      log_line("validation: " + failure->text());
    } else {
      validate_failures_ = 0;
      log_line("validation answered");
    }
  }

  // Images that nothing names any more go.
  void tidy() {
    tidy_due_ = false;
    std::set<std::string> keep;
    auto add = [&](const std::string& text) {
      if (text.empty()) return;
      if (auto at = text.rfind("@"); at != std::string::npos) keep.insert(text.substr(at + 1));
    };
    for (auto& row : state_.modules())
      for (auto& entry : {row.wanted, row.committed, row.former})
        if (!entry.empty()) add(string_or(parse_json(entry, "module " + row.name), "image", ""));
    json::object desired = state_.desired();
    if (auto* validate = find(desired, "validate")) add(string_or(*validate, "image", ""));
    images_.keep_only(keep);
  }

  void measure(std::int64_t now) {
    for (auto& [name, keeper] : keepers_) keeper->measure();
    ::malloc_trim(0);
    pss_mb_ = process_pss_mb(::getpid());
    next_measure_ = now + (measured_++ < 5 ? 5'000 : 60'000);
  }

  // What changed since the last time, as a merge patch.
  void report() {
    if (start_ms_ == 0) return;  // before the first connect there is no start time to tell
    if (pss_mb_ == 0) pss_mb_ = process_pss_mb(::getpid());
    json::object modules;
    for (auto& [name, keeper] : keepers_) modules[name] = keeper->reported();
    json::object document{{"desired_version", state_.desired_version()},
                          {"agent",
                           {{"version", GYRE_VERSION},
                            {"pss_mb", pss_mb_},
                            {"started_at", iso_time(started_at_)},
                            {"start_ms", start_ms_},
                            {"dropped", outbox_.dropped()}}},
                          {"modules", modules}};
    if (document == reported_) return;
    json::object patch;
    for (auto& [key, value] : document) {
      auto* before = reported_.if_contains(key);
      if (before && *before == value) continue;
      if (key != "modules") {
        patch[key] = value;
        continue;
      }
      json::object changed;
      for (auto& [name, module] : modules)
        if (auto* old = before ? find(*before, name) : nullptr; !old || *old != module) changed[name] = module;
      if (!changed.empty()) patch["modules"] = changed;
    }
    reported_ = document;
    if (patch.empty()) return;
    state_.db().transaction([&] {
      outbox_.put("reported", patch);
      state_.set_reported(document);
    });
  }

  fs::path config_file_;
  AgentConfig config_;
  EdgeState state_;
  FileHandle lock_;
  ContainerPlace place_;  // before any thread
  Outbox outbox_;
  ImageStore images_;
  OutboxSender sender_;
  Gatherer gatherer_;
  std::map<std::string, std::unique_ptr<ModuleKeeper>> keepers_;
  std::unique_ptr<HelperProcess> helper_;
  std::string helper_module_, last_break_;
  json::object reported_;
  std::int64_t started_at_ = now_ms(), start_ms_ = 0, next_measure_ = now_ms() + 3000, next_validate_ = 0;
  int measured_ = 0, validate_failures_ = 0;
  double pss_mb_ = 0;
  bool tidy_due_ = false;
  Inbox inbox_;
  Bus bus_;  // last: its thread uses what is above
};

}  // namespace

int run_agent(const fs::path& state, const fs::path& config, const std::atomic<bool>& stop) {
  Agent agent(state, config);
  return agent.run(stop);
}

}  // namespace gyre

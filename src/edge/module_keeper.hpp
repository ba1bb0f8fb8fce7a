#pragma once
// Keeps one module as the desired twin wants it: starts and stops its container, judges its health, commits or goes
// back, and passes its answers on. All that must survive is in EdgeState; the rest can be lost at any moment.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/agent_config.hpp"
#include "edge/answer_batch.hpp"
#include "edge/container.hpp"
#include "edge/edge_state.hpp"
#include "edge/image_store.hpp"
#include "edge/module_entry.hpp"
#include "edge/module_plan.hpp"
#include "edge/module_process.hpp"
#include "edge/outbox.hpp"
#include "edge/rule_feed.hpp"

namespace gyre {

// What the parts of one agent share.
struct AgentParts {
  const AgentConfig& config;
  EdgeState& state;
  Outbox& outbox;
  ImageStore& images;
  ContainerPlace& place;
};

class ModuleKeeper {
 public:
  ModuleKeeper(AgentParts parts, std::string name) : parts_(parts), name_(std::move(name)) {}
  ~ModuleKeeper() { stop(); }
  ModuleKeeper(const ModuleKeeper&) = delete;

  // One turn: does what is to be done now. Gives the image that must be installed before it can go on, or nothing.
  std::string turn(std::int64_t now_ms);
  void install_failed(const std::string& why, bool for_good, std::int64_t now_ms);
  void refuse(const std::string& why);  // the wanted entry, for good
  void stop();                          // passes the last answers on
  int output() const { return process_ ? process_->container.output() : -1; }
  std::optional<std::string> input() const;  // the folder that the wanted entry reads
  json::object reported();
  void measure();  // its memory

 private:
  struct Process {
    Process(const ContainerPlace& place, const std::string& id, const std::vector<fs::path>& layers,
            ContainerOptions options)
        : container(place, id, layers, std::move(options)) {}
    std::string text;  // of the entry
    ModuleEntry entry;
    fs::path input;
    Container container;
    LineReader lines;
    bool ready = false;
    std::int64_t started = 0;
  };
  struct Sample {
    json::value line;
    const char* why;
  };

  ModuleFacts facts() const;
  bool on_trial() const { return process_ && process_->text != row_.committed; }
  bool is_installed(const std::string& text) const;
  void start(const std::string& text, std::int64_t now_ms);
  void read(std::int64_t now_ms);
  void take_line(const json::object& line, std::int64_t now_ms);
  void watch(std::int64_t now_ms);
  void commit();
  void ended(const std::string& why, std::int64_t now_ms);
  void flush();
  void put_samples();
  void set_aside(const fs::path& file);

  AgentParts parts_;
  std::string name_;
  ModuleRow row_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<RuleFeed> feed_;
  AnswerBatch batch_;
  std::vector<Sample> samples_;
  std::vector<std::string> unreadable_;
  std::string verdict_;  // why the module may not go on, told by itself
  bool sketch_came_ = false;
  int failures_ = 0;  // in a row
  std::int64_t next_start_ = 0, next_install_ = 0, answered_ = 0;
  double pss_mb_ = 0;
};

}  // namespace gyre

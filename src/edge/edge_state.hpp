#pragma once
// What a device remembers: its desired twin, and for each module how far it came. SQLite, one file, <state>/state.db;
// the agent and its helpers (install, validate) share it.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/sqlite.hpp"

namespace gyre {

// An entry is a module's member of the desired twin as canonical JSON; empty: none.
struct ModuleRow {
  std::string name;
  std::string wanted;
  std::string committed;  // the last one whose module answered its golden inputs
  std::string former;     // the one before: its image is kept for a way back without a download
  bool refused = false;   // `wanted` failed for good, `error` says why
  std::string error;
  std::int64_t trial_starts = 0;  // of `wanted`, which never came up yet
  std::int64_t restarts = 0;      // of the committed one
};

class EdgeState {
 public:
  explicit EdgeState(const std::filesystem::path& folder);
  Sqlite& db() { return db_; }
  const std::filesystem::path& folder() const { return folder_; }

  json::object desired();  // empty before the first
  std::int64_t desired_version();
  bool take_desired(const json::value& desired);  // false: not above the version that is here

  std::vector<ModuleRow> modules();
  std::optional<ModuleRow> find_module(const std::string& name);
  void save(const ModuleRow& row);
  void remove(const std::string& name);

  json::object reported();  // what the server was told last
  void set_reported(const json::object& document);

  // Bytes that were downloaded for an image, over several attempts.
  void add_download(const std::string& image, std::int64_t bytes);
  std::int64_t downloaded(const std::string& image);

  bool was_validated(const std::string& id);
  void mark_validated(const std::string& id);  // in the transaction that stores the answer

  // Uncertain samples that may still go today (UTC); taking one is counted at once.
  bool take_sample_budget(const std::string& module, std::int64_t per_day, std::int64_t now_ms);

  // Input files whose answers are stored and that may not be removed yet: nothing answers them again.
  void set_answered(const std::string& module, const std::vector<std::filesystem::path>& files);
  std::vector<std::filesystem::path> answered();

 private:
  std::filesystem::path folder_;
  Sqlite db_;
};

}  // namespace gyre

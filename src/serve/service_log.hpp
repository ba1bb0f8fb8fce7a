#pragma once
// What a serving process tells of itself: what was loaded and what failed, and each request when asked for; never what
// is in them. Settings have the names of the protocol's logging extension.
#include <atomic>
#include <mutex>
#include <string>

#include "base/file.hpp"
#include "base/json.hpp"

namespace gyre {

struct AnsweredRequest;

enum class LogLevel { error, warning, info, request };

class ServiceLog {
 public:
  ServiceLog();
  // Before requests come. `format`: default or json; `file` empty: standard error.
  void open(const std::filesystem::path& file, const std::string& format);

  json::object settings() const;
  // null: as at the start. Error{invalid} names the setting; nothing is changed then.
  json::object change(const json::value& changes);

  void write(LogLevel level, std::string_view text, const json::object& fields = {});
  const std::atomic<bool>& requests_wanted() const { return requests_; }
  void request(const AnsweredRequest& answered);

 private:
  struct Settings {
    bool error = true, warning = true, info = true;
    std::int64_t verbose = 0;
    bool json = false;
  };
  static json::object told(const Settings& settings, const std::filesystem::path& file);
  Settings start_, now_;
  std::filesystem::path path_;
  FileHandle file_;
  std::atomic<bool> requests_ = false;
  mutable std::mutex mutex_;  // guards now_ and the writing
};

}  // namespace gyre

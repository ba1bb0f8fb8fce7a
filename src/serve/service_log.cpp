#include "serve/service_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "serve/front.hpp"

namespace gyre {

ServiceLog::ServiceLog() = default;

void ServiceLog::open(const fs::path& file, const std::string& format) {
  if (!file.empty()) {
    path_ = fs::absolute(file);
    file_ = open_file(path_, O_WRONLY | O_CREAT | O_APPEND);
  }
  start_.json = now_.json = format == "json";
}

json::object ServiceLog::told(const Settings& settings, const fs::path& file) {
  return {{"log_file", file.string()},
          {"log_info", settings.info},
          {"log_warning", settings.warning},
          {"log_error", settings.error},
          {"log_verbose_level", settings.verbose},
          {"log_format", settings.json ? "json" : "default"}};
}

json::object ServiceLog::settings() const {
  std::lock_guard lock(mutex_);
  return told(now_, path_);
}

json::object ServiceLog::change(const json::value& changes) {
  if (!changes.is_object()) throw Error(Code::invalid, "settings are an object");
  std::lock_guard lock(mutex_);
  Settings next = now_;
  auto usual = told(start_, path_);
  for (auto& [key, given] : changes.as_object()) {
    std::string name(key);
    if (!usual.contains(name)) throw Error(Code::invalid, "there is no setting " + name);
    auto& value = given.is_null() ? usual.at(name) : given;
    auto flag = [&] {
      if (!value.is_bool()) throw Error(Code::invalid, name + " is true or false, not " + json::serialize(value));
      return value.as_bool();
    };
    if (name == "log_info") {
      next.info = flag();
    } else if (name == "log_warning") {
      next.warning = flag();
    } else if (name == "log_error") {
      next.error = flag();
    } else if (name == "log_verbose_level") {
      if (!value.is_int64() && !value.is_uint64())
        throw Error(Code::invalid, name + " is a whole number, not " + json::serialize(value));
      next.verbose = value.to_number<std::int64_t>();
    } else if (name == "log_format") {
      if (value != "json" && value != "default" && value != "ISO8601")
        throw Error(Code::invalid, name + " is default or json, not " + json::serialize(value));
      next.json = value == "json";
    } else if (value != usual.at(name)) {  // a client that could name files would write wherever the server may
      throw Error(Code::invalid, "log_file is set when the server starts: gyre serve --log-file FILE");
    }
  }
  now_ = next;
  requests_ = next.verbose > 0;
  return told(now_, path_);
}

void ServiceLog::write(LogLevel level, std::string_view text, const json::object& fields) {
  static constexpr std::string_view names[] = {"error", "warning", "info", "info"};
  std::lock_guard lock(mutex_);
  bool wanted = level == LogLevel::error     ? now_.error
                : level == LogLevel::warning ? now_.warning
                : level == LogLevel::info    ? now_.info
                                             : now_.verbose > 0;
  if (!wanted) return;
  auto name = names[static_cast<std::size_t>(level)];
  std::string line;
  if (now_.json) {
    json::object told{{"time", iso_now()}, {"level", name}, {"message", text}};
    for (auto& [key, value] : fields) told[key] = value;
    line = json::serialize(told);
  } else {
    line = iso_now() + " " + std::string(name) + " " + std::string(text);
    for (auto& [key, value] : fields) line += " " + std::string(key) + "=" + json::serialize(value);
  }
  line += '\n';
  // A log that cannot be written is no reason to answer nobody.
  [[maybe_unused]] auto written = ::write(file_ ? file_.get() : 2, line.data(), line.size());
}

void ServiceLog::request(const AnsweredRequest& answered) {
  json::object fields{{"protocol", answered.protocol},
                      {"method", answered.method},
                      {"path", answered.path},
                      {"status", answered.status},
                      {"us", static_cast<std::int64_t>(answered.seconds * 1e6)},
                      {"received", answered.received},
                      {"sent", answered.sent}};
  if (!answered.traceparent.empty()) fields["traceparent"] = answered.traceparent;
  write(LogLevel::request, "request", fields);
}

}  // namespace gyre

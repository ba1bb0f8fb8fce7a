#include "serve/callers.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"

namespace gyre {

static constexpr double look_seconds = 1, believe_seconds = 10;
static constexpr std::size_t most_tokens = 10'000;

Caller::Entry Caller::enter(double now) {
  std::lock_guard lock(mutex_);
  if (limits.at_once && running_ >= limits.at_once)
    return {false, 1, name + " has " + std::to_string(running_) + " requests that are worked on; more are not allowed"};
  if (limits.per_second > 0) {
    double most = std::max(1.0, limits.per_second);
    saved_ = saved_ < 0 ? most : std::min(most, saved_ + (now - last_) * limits.per_second);
    last_ = now;
    if (saved_ < 1) {
      char allowed[32];
      std::snprintf(allowed, sizeof allowed, "%g", limits.per_second);
      return {false, (1 - saved_) / limits.per_second, name + " may ask " + allowed + " times a second"};
    }
    saved_ -= 1;
  }
  running_++;
  return {true, 0, {}};
}

void Caller::leave() {
  std::lock_guard lock(mutex_);
  running_--;
}

KeyFile::KeyFile(fs::path file, CallerLimits usual)
    : file_(std::move(file)), usual_(usual), seen_(stamp()), known_(read()) {}

std::string KeyFile::stamp() const {
  struct stat info {};
  if (::stat(file_.c_str(), &info) != 0) return {};
  return std::to_string(info.st_ino) + "." + std::to_string(info.st_size) + "." + std::to_string(info.st_mtim.tv_sec) +
         "." + std::to_string(info.st_mtim.tv_nsec);
}

static double limit_of(const json::value& key, std::string_view member, double usual) {
  double given = find_number(key, member).value_or(usual);
  if (!(given >= 0 && given < 1e9)) throw Error(Code::invalid, std::string(member) + " is a number from 0 on");
  return given;
}

static CallerPointer caller_from(const json::value& key, CallerLimits usual) {
  auto caller = std::make_shared<Caller>();
  caller->name = get_string(key, "name");
  caller->manages = find(key, "manage") && get_bool(key, "manage");
  caller->limits.per_second = limit_of(key, "requests_per_second", usual.per_second);
  caller->limits.at_once = static_cast<std::size_t>(limit_of(key, "at_once", static_cast<double>(usual.at_once)));
  if (auto* models = find(key, "models"); models && models->is_array())
    for (auto& model : models->as_array())
      caller->models.push_back(model.is_string() ? std::string(model.as_string()) : json::serialize(model));
  return caller;
}

KeyFile::Known KeyFile::read() const {
  auto value = read_json_file(file_);
  auto* keys = gyre::find(value, "keys");
  if (!keys || !keys->is_array()) throw Error(Code::invalid, file_.string() + ": \"keys\" is a list of keys");
  Known known;
  for (auto& key : keys->as_array()) {
    try {
      auto plain = find_string(key, "key");
      std::string digest = plain ? digest_of(*plain) : get_string(key, "digest");
      if (plain && plain->size() < 16) throw Error(Code::invalid, "a key has 16 characters at least");
      if (!is_digest(digest)) throw Error(Code::invalid, "\"" + digest + "\" is no digest");
      if (!known.emplace(digest, caller_from(key, usual_)).second) throw Error(Code::invalid, "it is there twice");
    } catch (const Error& error) {
      throw Error(Code::invalid,
                  file_.string() + ": key " + string_or(key, "name", "without a name") + ": " + error.text(),
                  "each key is {\"name\", \"key\" or \"digest\"}");
    }
  }
  return known;
}

void KeyFile::look_again() {
  double now = seconds_since_start();
  if (now < next_look_) return;
  next_look_ = now + look_seconds;
  std::string stamp_now = stamp();
  if (stamp_now == seen_) return;
  seen_ = stamp_now;
  try {
    auto next = read();
    // Who is as he was keeps what was counted of him.
    for (auto& [digest, caller] : next)
      if (auto old = known_.find(digest);
          old != known_.end() && old->second->name == caller->name && old->second->manages == caller->manages &&
          old->second->models == caller->models && old->second->limits.per_second == caller->limits.per_second &&
          old->second->limits.at_once == caller->limits.at_once)
        caller = old->second;
    known_ = std::move(next);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s the keys stay as they were: %s\n", iso_now().c_str(), error.text().c_str());
  }
}

CallerPointer KeyFile::find(std::string_view key) {
  std::string digest = digest_of(key);
  std::lock_guard lock(mutex_);
  look_again();
  auto found = known_.find(digest);
  return found == known_.end() ? nullptr : found->second;
}

TokenUsers::Answer TokenUsers::find(std::string_view token, const std::string& model, CallerPointer& caller) {
  std::string digest = digest_of(token);
  std::lock_guard lock(mutex_);
  auto found = known_.find(digest);
  if (found == known_.end() || seconds_since_start() > found->second.until) return Answer::not_known_yet;
  auto& known = found->second;
  if (!known.caller) return Answer::nobody;
  caller = known.caller;
  if (known.reads_all || model.empty()) return Answer::may;
  auto said = known.models.find(model);
  if (said == known.models.end()) return Answer::not_known_yet;
  return said->second ? Answer::may : Answer::may_not;
}

void TokenUsers::learn(const std::string& token, const std::string& model) {
  auto [url, options] = where_();
  options.token = token;
  options.timeout_seconds = 10;
  auto me = http_request("GET", url + "/api/me", {}, {}, options);
  if (me.status != 200 && me.status != 401)
    throw Error(Code::unavailable, "the server that knows the users answered " + std::to_string(me.status));
  json::value who = me.status == 200 ? parse_json(me.body, "/api/me") : json::value(nullptr);
  std::string role = who.is_object() ? get_string(who, "role") : "none";
  bool reads_all = role != "none" || (who.is_object() && get_bool(who, "admin"));
  bool may = reads_all;
  if (who.is_object() && !reads_all && !model.empty())
    may = http_request("GET", url + "/api/models/" + percent_encode(model), {}, {}, options).status == 200;
  std::lock_guard lock(mutex_);
  double now = seconds_since_start();
  if (known_.size() >= most_tokens) std::erase_if(known_, [&](auto& one) { return one.second.until < now; });
  if (known_.size() >= most_tokens) known_.clear();  // only who guesses shows so many in ten seconds
  auto& known = known_[digest_of(token)];
  if (known.until < now) known.models.clear();
  known.until = now + believe_seconds;
  known.reads_all = reads_all;
  if (!model.empty()) known.models[model] = may;
  if (!who.is_object()) {
    known.caller.reset();
    return;
  }
  std::string name = get_string(who, "name");
  bool manages = role == "contributor" || role == "owner" || get_bool(who, "admin");
  if (known.caller && known.caller->name == name && known.caller->manages == manages) return;
  known.caller = std::make_shared<Caller>();
  known.caller->name = name;
  known.caller->manages = manages;
  known.caller->limits = usual_;
}

}  // namespace gyre

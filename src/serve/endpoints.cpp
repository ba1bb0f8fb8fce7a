#include "serve/endpoints.hpp"

#include <algorithm>
#include <cmath>

#include "base/clock.hpp"
#include "base/file.hpp"

namespace gyre {

static EndpointTarget target_from(const json::value& value) {
  EndpointTarget target{get_string(value, "model"), {}, find_number(value, "percent").value_or(100)};
  if (auto* version = find(value, "version")) {
    if (version->is_string())
      target.version = version->as_string();
    else
      target.version = std::to_string(get_int(value, "version"));
  }
  if (!(target.percent >= 0 && target.percent <= 100)) throw Error(Code::invalid, "percent is from 0 to 100");
  return target;
}

EndpointConfig endpoint_config(const json::value& value) {
  EndpointConfig config;
  auto* targets = find(value, "targets");
  if (!targets || !targets->is_array() || targets->as_array().empty())
    throw Error(Code::invalid, "an endpoint has \"targets\": a list of models with their percent of the traffic");
  double sum = 0;
  for (auto& target : targets->as_array()) {
    config.targets.push_back(target_from(target));
    sum += config.targets.back().percent;
  }
  if (std::abs(sum) > 1e-6 && std::abs(sum - 100) > 1e-6)
    throw Error(Code::invalid,
                "the percentages of an endpoint's targets sum to 0 or 100, not " + json::serialize(json::value(sum)));
  config.sticky = string_or(value, "sticky", "");
  if (auto* mirror = find(value, "mirror")) config.mirror.push_back(target_from(*mirror));
  if (auto* guard = find(value, "guard")) {
    auto& own = config.guard;
    auto number = [&](std::string_view key, double otherwise) {
      double given = find_number(*guard, key).value_or(otherwise);
      if (!(given >= 0)) throw Error(Code::invalid, "guard: " + std::string(key) + " must not be negative");
      return given;
    };
    own.requests = static_cast<std::uint64_t>(number("requests", 200));
    own.error_rate = number("error_rate", own.error_rate);
    own.latency_ratio = number("latency_ratio", own.latency_ratio);
    own.agreement = number("agreement", own.agreement);
    if (find(*guard, "accuracy_loss")) own.accuracy_loss = number("accuracy_loss", 0);
    own.truths = static_cast<std::uint64_t>(number("truths", static_cast<double>(own.truths)));
    if (config.targets.size() < 2 && config.mirror.empty())
      throw Error(Code::invalid, "a guard needs a candidate: a second target or a mirror");
    if (own.accuracy_loss >= 0 && !config.mirror.empty())
      throw Error(Code::invalid, "nobody sees a mirror's answers, so nobody can tell their truth",
                  "accuracy_loss is for a second target");
  }
  return config;
}

static json::object to_json(const EndpointTarget& target) {
  json::object object{{"model", target.model}};
  if (!target.version.empty()) object["version"] = target.version;
  object["percent"] = target.percent;
  return object;
}

json::object to_json(const EndpointConfig& config) {
  json::array targets;
  for (auto& target : config.targets) targets.push_back(to_json(target));
  json::object object{{"targets", std::move(targets)}};
  if (!config.sticky.empty()) object["sticky"] = config.sticky;
  if (!config.mirror.empty()) object["mirror"] = to_json(config.mirror.front());
  if (auto& guard = config.guard; guard.requests)
    object["guard"] = {{"requests", guard.requests},
                       {"error_rate", guard.error_rate},
                       {"latency_ratio", guard.latency_ratio},
                       {"agreement", guard.agreement}};
  if (config.guard.accuracy_loss >= 0) {
    auto& guard = object.at("guard").as_object();
    guard["accuracy_loss"] = config.guard.accuracy_loss;
    guard["truths"] = config.guard.truths;
  }
  return object;
}

Endpoints::Endpoints(fs::path file) : file_(std::move(file)) {
  if (file_.empty() || !fs::exists(file_)) return;
  auto kept = read_json_file(file_);
  if (!kept.is_object())
    throw Error(Code::invalid, file_.string() + ": endpoints are an object: name -> configuration");
  for (auto& [name, config] : kept.as_object()) {
    auto& entry = entries_[name];
    entry.config = endpoint_config(config);
    entry.targets.resize(entry.config.targets.size());
    entry.generation = ++generations_;
  }
}

void Endpoints::save() const {
  if (file_.empty()) return;
  json::object all;
  for (auto& [name, entry] : entries_) all[name] = to_json(entry.config);
  write_file(file_, pretty(all));
}

void Endpoints::put(const std::string& name, EndpointConfig config) {
  std::lock_guard lock(mutex_);
  auto& entry = entries_[name];
  entry.targets.assign(config.targets.size(), {});
  entry.mirror = {};
  entry.ids = {};
  entry.config = std::move(config);
  entry.generation = ++generations_;
  save();
}

void Endpoints::remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  if (!entries_.erase(name)) throw Error(Code::not_found, "there is no endpoint " + name);
  save();
}

json::object Endpoints::told(const std::string& name, const Entry& entry) {
  auto object = to_json(entry.config);
  object["name"] = name;
  auto numbers = [](const Seen& seen) {
    json::object told{{"requests", seen.requests}, {"errors", seen.errors}, {"mean_ms", seen.mean() * 1000}};
    if (seen.truths) told["truths"] = seen.truths, told["accuracy"] = seen.accuracy();
    return told;
  };
  json::array targets;
  for (auto& seen : entry.targets) targets.push_back(numbers(seen));
  object["seen"] = {{"targets", std::move(targets)}};
  if (!entry.config.mirror.empty()) {
    auto mirror = numbers(entry.mirror);
    mirror["agreed"] = entry.mirror.agreed;
    object["seen"].as_object()["mirror"] = std::move(mirror);
  }
  object["decisions"] = entry.decisions;
  return object;
}

json::array Endpoints::list() const {
  std::lock_guard lock(mutex_);
  json::array all;
  for (auto& [name, entry] : entries_) all.push_back(told(name, entry));
  return all;
}

json::object Endpoints::describe(const std::string& name) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  if (found == entries_.end()) throw Error(Code::not_found, "there is no endpoint " + name);
  return told(name, found->second);
}

bool Endpoints::contains(std::string_view name) const {
  std::lock_guard lock(mutex_);
  return entries_.contains(name);
}

// A number from 0 to 100 that spreads evenly from the first request on: a tenth of the traffic is one of each ten.
static double spread(std::uint64_t counter) {
  double turns = static_cast<double>(counter) * 0.6180339887498949;
  return (turns - std::floor(turns)) * 100;
}

// The same for the same key wherever it is computed (FNV-1a).
static double spread(std::string_view key) {
  std::uint64_t hash = 14695981039346656037u;
  for (char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  hash ^= hash >> 32;
  return static_cast<double>(hash % 1'000'000) / 10'000;
}

std::optional<Endpoints::Choice> Endpoints::choose(std::string_view name,
                                                   const std::function<std::string(const std::string&)>& key) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  if (found == entries_.end()) return std::nullopt;
  auto& entry = found->second;
  auto& config = entry.config;
  std::string sticky = config.sticky.empty() ? "" : key(config.sticky);
  double place = sticky.empty() ? spread(entry.counter) : spread(sticky);
  Choice choice{std::string(name), entry.generation, config.targets.size(), {}, {}};
  for (std::size_t i = 0; i < config.targets.size() && choice.place == config.targets.size(); i++) {
    if (place < config.targets[i].percent) choice.place = i;
    place -= config.targets[i].percent;
  }
  if (choice.place == config.targets.size())
    throw Error(Code::unavailable, "endpoint " + std::string(name) + " has no target that gets traffic");
  choice.target = config.targets[choice.place];
  if (!config.mirror.empty() && spread(entry.counter * 7 + 3) < config.mirror.front().percent)
    choice.mirror = config.mirror.front();
  entry.counter++;
  return choice;
}

Endpoints::Entry* Endpoints::current(const Choice& choice) {
  auto found = entries_.find(choice.endpoint);
  return found == entries_.end() || found->second.generation != choice.generation ? nullptr : &found->second;
}

void Endpoints::answered(const Choice& choice, std::string_view id, bool right, double seconds) {
  std::lock_guard lock(mutex_);
  auto* entry = current(choice);
  if (!entry) return;
  entry->targets[choice.place].add(right, seconds);
  if (right && entry->config.guard.accuracy_loss >= 0) entry->ids.remember(id, choice.place);
  judge(choice.endpoint, *entry);
}

void Endpoints::mirrored(const Choice& choice, bool right, double seconds, bool agrees) {
  std::lock_guard lock(mutex_);
  auto* entry = current(choice);
  if (!entry) return;
  entry->mirror.add(right, seconds);
  entry->mirror.agreed += right && agrees;
  judge(choice.endpoint, *entry);
}

bool Endpoints::tell_truth(const std::string& name, const std::string& id, bool right) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  if (found == entries_.end()) throw Error(Code::not_found, "there is no endpoint " + name);
  auto& entry = found->second;
  if (entry.config.guard.accuracy_loss < 0)
    throw Error(Code::conflict, "endpoint " + name + " has no guard that looks at accuracy",
                "its guard says \"accuracy_loss\"; what was decided is decided");
  auto target = entry.ids.take(id);
  if (!target) return false;
  auto& seen = entry.targets[*target];
  seen.truths++;
  seen.right += right;
  judge(name, entry);
  return true;
}

void Endpoints::decide(const std::string& name, Entry& entry, EndpointConfig next, const std::string& what,
                       const std::string& why) {
  next.guard = {};
  next.mirror.clear();
  entry.decisions.push_back(
      json::object{{"time", iso_now()}, {"decision", what}, {"why", why}, {"seen", told(name, entry).at("seen")}});
  entry.config = std::move(next);
  entry.targets.assign(entry.config.targets.size(), {});
  entry.mirror = {};
  entry.ids = {};
  entry.generation = ++generations_;
  save();
}

static std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", share * 100);
  return text;
}

void Endpoints::judge(const std::string& name, Entry& entry) {
  auto& guard = entry.config.guard;
  if (guard.requests == 0) return;
  bool mirror = !entry.config.mirror.empty();
  auto& candidate = mirror ? entry.mirror : entry.targets.back();
  auto& stable = entry.targets.front();
  auto all = [&](std::size_t place) {
    auto next = entry.config;
    for (std::size_t i = 0; i < next.targets.size(); i++) next.targets[i].percent = i == place ? 100 : 0;
    return next;
  };
  auto take_back = [&](const std::string& why) { decide(name, entry, all(0), "rolled back", why); };
  // So many errors that the rest of its requests cannot make it good again: no more of them are needed to know.
  double allowed = guard.error_rate * static_cast<double>(guard.requests);
  if (static_cast<double>(candidate.errors) > allowed)
    return take_back(std::to_string(candidate.errors) + " errors in " + std::to_string(candidate.requests) +
                     " requests");
  if (candidate.requests < guard.requests) return;
  if (stable.mean() > 0 && candidate.mean() > guard.latency_ratio * stable.mean())
    return take_back("it takes " + percent(candidate.mean() / stable.mean()) + " of the time");
  double agreement = static_cast<double>(candidate.agreed) / static_cast<double>(candidate.requests);
  if (mirror && agreement < guard.agreement) return take_back("only " + percent(agreement) + " of its answers agree");
  if (guard.accuracy_loss >= 0) {
    if (std::min(stable.truths, candidate.truths) < std::max<std::uint64_t>(1, guard.truths)) return;
    if (stable.accuracy() - candidate.accuracy() > guard.accuracy_loss)
      return take_back("it is right in " + percent(candidate.accuracy()) + " of the cases, what it shall replace in " +
                       percent(stable.accuracy()));
  }
  auto next = all(entry.config.targets.size() - 1);
  if (mirror) {
    next = entry.config;
    auto promoted = next.mirror.front();
    promoted.percent = 100;
    next.targets = {promoted};
  }
  decide(name, entry, std::move(next), "promoted",
         std::to_string(candidate.requests) + " requests, " + std::to_string(candidate.errors) + " errors" +
             (mirror                     ? ", " + percent(agreement) + " agree"
              : guard.accuracy_loss >= 0 ? ", right in " + percent(candidate.accuracy()) + " of the cases"
                                         : ""));
}

}  // namespace gyre

#include <algorithm>
#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "base/file.hpp"
#include "cli/follow.hpp"
#include "cli/run_as_command.hpp"
#include "cli/terminal.hpp"
#include "flow/yaml.hpp"

namespace gyre {

// "NAME=VALUE".
static std::pair<std::string, std::string> pair_of(std::string_view option, std::string_view word) {
  auto equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw Error(Code::invalid, "--" + std::string(option) + " " + std::string(word) + " is not NAME=VALUE");
  return {std::string(word.substr(0, equals)), std::string(word.substr(equals + 1))};
}

// Values stay texts, which the step's fields read as what they are; a list is written as JSON.
static json::object pairs(const json::object& values, std::string_view option) {
  json::object result;
  for (auto& word : values.at(option).as_array()) {
    auto [name, text] = pair_of(option, word.as_string());
    result[name] = text.starts_with("[") ? parse_json(text, "--" + std::string(option) + " " + name)
                                         : json::value(json::string(text));
  }
  return result;
}

// Members of `given` are put into the table `key` of `target`, over those that are there.
static void put_over(json::object& target, std::string_view key, const json::object& given) {
  if (given.empty()) return;
  json::object table;
  if (auto* there = find(target, key); there && there->is_object()) table = there->get_object();
  for (auto& [name, value] : given) table[name] = value;
  target[key] = std::move(table);
}

// What the file says, and over it what the flags say.
static json::object specification(const json::object& values) {
  json::object result;
  std::string what = get_string(values, "what");
  if (what.ends_with(".yaml") || what.ends_with(".yml") || what.ends_with(".json")) {
    json::value read = yaml_value(read_file(what), what);
    if (!read.is_object()) throw Error(Code::invalid, what + " is no sweep", "see docs/tune.md");
    result = read.get_object();
  } else {
    result["step"] = what;
  }
  put_over(result, "options", pairs(values, "set"));
  put_over(result, "inputs", pairs(values, "input"));
  put_over(result, "search", pairs(values, "search"));
  for (auto key : {"metric", "goal", "sampler", "seed"})
    if (auto text = find(values, key)) result[key] = *text;
  if (auto* policy = find(values, "stop")) result["early_termination"] = *policy;
  json::object limits;
  static constexpr std::pair<const char*, const char*> names[] = {{"max-trials", "max_total_trials"},
                                                                  {"concurrent", "max_concurrent_trials"},
                                                                  {"timeout", "timeout"},
                                                                  {"trial-timeout", "trial_timeout"}};
  for (auto& [flag, key] : names)
    if (auto* value = find(values, flag)) limits[key] = *value;
  put_over(result, "limits", limits);
  if (auto* inputs = find(result, "inputs"); inputs && inputs->is_object()) {
    json::object whole;
    for (auto& [name, reference] : inputs->get_object())
      whole[name] = reference.is_string() ? json::value(json::string(reference_of(std::string(reference.get_string()))))
                                          : reference;
    result["inputs"] = whole;
  }
  return result;
}

static std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

static std::string options_text(const json::object& options) {
  std::string text;
  for (auto& [name, value] : options)
    text += (text.empty() ? "" : "  ") + std::string(name) + " " +
            (value.is_double() ? number_text(value.get_double()) : canonical(value));
  return text;
}

static std::vector<std::string> trial_row(const json::object& trial) {
  auto value = find_number(trial, "value");
  return {std::to_string(get_int(trial, "number")), get_string(trial, "state"), value ? number_text(*value) : "",
          short_duration(get_number(trial, "seconds")),
          options_text(trial.at("options").as_object()) +
              (find(trial, "why") ? "  (" + get_string(trial, "why") + ")" : "")};
}

// The best five of those that ended and all that run, renewed in place.
static std::vector<std::string> live_lines(const json::object& status, bool colour) {
  std::vector<json::object> ended, running;
  for (auto& item : status.at("trials").as_array()) {
    auto& trial = item.as_object();
    (get_string(trial, "state") == "running" ? running : ended).push_back(trial);
  }
  bool minimise = get_string(status, "goal") == "minimize";
  auto worth = [&](const json::object& trial) {
    auto value = find_number(trial, "value");
    return !value ? -1e300 : minimise ? -*value : *value;
  };
  std::stable_sort(ended.begin(), ended.end(), [&](auto& a, auto& b) { return worth(a) > worth(b); });
  double share = static_cast<double>(ended.size()) / static_cast<double>(get_int(status, "max_trials"));
  std::vector<std::string> lines{bar(share, 20) + " " + std::to_string(ended.size()) + " of " +
                                 std::to_string(get_int(status, "max_trials")) + " trials  " +
                                 short_duration(get_number(status, "seconds_left")) + " left"};
  std::vector<std::vector<std::string>> rows{{"trial", "state", get_string(status, "metric"), "time", "options"}};
  for (std::size_t i = 0; i < std::min<std::size_t>(5, ended.size()); i++) rows.push_back(trial_row(ended[i]));
  for (auto& trial : running) rows.push_back(trial_row(trial));
  std::string text = table(rows, colour);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

static json::object follow(Api& api, const std::string& id, const CommandContext& context) {
  LiveLines live(context.terminal && !context.json);
  std::int64_t seen = -1;
  std::size_t told = 0;
  bool stopping = false;
  while (true) {
    json::object status = api.call("GET", "/api/sweeps/" + id + "?wait=0.5&seen=" + std::to_string(seen)).as_object();
    seen = get_int(status, "changes");
    if (!context.json && !context.terminal) {  // a line for each trial as it ends
      auto& trials = status.at("trials").as_array();
      for (; told < trials.size() && get_string(trials[told], "state") != "running"; told++) {
        auto row = trial_row(trials[told].as_object());
        std::printf("trial %s: %s %s  %s\n", row[0].c_str(), row[1].c_str(), row[2].c_str(), row[4].c_str());
        std::fflush(stdout);
      }
    }
    if (interrupted() && !stopping) {
      stopping = true;
      api.call("POST", "/api/sweeps/" + id + "/stop");
      std::fprintf(stderr, "gyre: stopping; what is best so far is kept (Ctrl-C again to quit at once)\n");
    }
    if (get_string(status, "state") != "running") return status;
    live.draw(live_lines(status, context.terminal));
  }
}

static int run(const json::object& values, CommandContext& context) {
  json::object asked = specification(values);
  Api& api = context.api();
  watch_interrupts();
  std::string id = get_string(api.call("POST", "/api/sweeps", asked), "id");
  json::object status = follow(api, id, context);
  auto* best = find(status, "best");
  if (best) {
    auto& outputs = best->at("outputs").as_object();
    std::string name = get_string(values, "as"), out = get_string(values, "out");
    if (!outputs.empty() && (!name.empty() || !out.empty())) {
      std::string digest(outputs.begin()->value().as_string());
      if (!name.empty()) {
        std::string type = "any";
        for (auto& port : get_step(get_string(status, "step")).outputs)
          if (port.name == outputs.begin()->key()) type = port.type;
        api.call("POST", "/api/assets", {{"name", name}, {"type", type}, {"digest", digest}});
      }
      if (!out.empty()) copy_out(api, digest, out);
    }
  }
  if (context.json) context.print(status);
  if (!best) throw Error(Code::invalid, "no trial came to an end: " + string_or(status, "error", "it was stopped"));
  if (!context.json) {
    auto row = trial_row(best->as_object());
    std::printf("best: trial %s, %s %s\n      %s\n", row[0].c_str(), get_string(status, "metric").c_str(),
                row[2].c_str(), row[4].c_str());
    for (auto& [name, digest] : best->at("outputs").as_object())
      std::printf("%s %s\n", std::string(name).c_str(), digest.as_string().c_str());
  }
  return get_string(status, "state") == "done" ? 0 : row_of(Code::cancelled).exit_code;
}

extern const Command command_tune{
    .words = "tune",
    .help = "Find the best options of a step by trying (docs/tune.md); the same command goes on with what was cut off",
    .arguments = {{"what", FieldType::text, "a sweep as YAML, or the name of a step", nullptr, {.required = true}}},
    .options = {{"input", FieldType::list, "an input of the step, NAME=REFERENCE; may be repeated", json::array()},
                {"set", FieldType::list, "a fixed option, NAME=VALUE; may be repeated", json::array()},
                {"search", FieldType::list, "an option to search, NAME=uniform(0, 1); may be repeated", json::array()},
                {"metric", FieldType::text, "what the step reports that decides", nullptr},
                {"goal", FieldType::text, "maximize or minimize", nullptr},
                {"sampler", FieldType::text, "random, sobol, grid, tpe or bayesian", nullptr},
                {"seed", FieldType::integer, "of the sampler", nullptr},
                {"stop", FieldType::text, "ends bad trials early, for example bandit(slack_factor=0.1)", nullptr},
                {"max-trials", FieldType::integer, "trials in all", nullptr},
                {"concurrent", FieldType::integer, "trials at a time", nullptr},
                {"timeout", FieldType::number, "seconds in all", nullptr},
                {"trial-timeout", FieldType::number, "seconds for a trial", nullptr},
                {"as", FieldType::text, "name to keep the best trial's first result under", ""},
                {"out", FieldType::text, "file or folder to write it to as well", ""}},
    .run = run};

}  // namespace gyre

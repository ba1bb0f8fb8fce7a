#include "search/sweep_spec.hpp"

#include "base/step.hpp"

namespace gyre {

namespace {

struct Plain {
  std::string name;
  std::string step;
  std::string metric;
  std::string goal = "maximize";
  std::string sampler = "bayesian";
  std::int64_t seed = 1;
};
const std::vector<Field> plain_fields{
    field("name", &Plain::name, "what to call it"),
    field("step", &Plain::step, "the step to tune", {.required = true}),
    field("metric", &Plain::metric, "what the step reports that decides", {.required = true}),
    field("goal", &Plain::goal, "which way", {.choices = {"maximize", "minimize"}}),
    field("sampler", &Plain::sampler, "how trials are chosen",
          {.choices = {"random", "sobol", "grid", "tpe", "bayesian"}}),
    field("seed", &Plain::seed, "of the sampler", {.min = 0}),
};

struct SweepLimits {
  std::int64_t max_total_trials = 20;
  std::int64_t max_concurrent_trials = 0;
  double timeout = 0;
  double trial_timeout = 0;
};
const std::vector<Field> limit_fields{
    field("max_total_trials", &SweepLimits::max_total_trials, "trials", {.min = 1, .max = 1000}),
    field("max_concurrent_trials", &SweepLimits::max_concurrent_trials, "at a time; 0: as many as cores",
          {.min = 0, .max = 100}),
    field("timeout", &SweepLimits::timeout, "seconds for all; 0: none", {.min = 0}),
    field("trial_timeout", &SweepLimits::trial_timeout, "seconds for a trial; 0: none", {.min = 0}),
};

const json::object& object_in(const json::object& value, std::string_view key) {
  static const json::object none;
  auto* found = find(value, key);
  if (!found) return none;
  if (!found->is_object())
    throw Error(Code::invalid, "a sweep's \"" + std::string(key) + "\" must be a table of names");
  return found->get_object();
}

// "set.rate" of a step with the list "set" of NAME=VALUE: the values join the list.
void put_option(json::object& options, const std::string& name, const json::value& value) {
  auto dot = name.find('.');
  if (dot == std::string::npos) {
    options[name] = value;
    return;
  }
  json::value& list = options[name.substr(0, dot)];
  if (!list.is_array()) list = json::array();
  std::string text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
  list.get_array().push_back(json::value(json::string(name.substr(dot + 1) + "=" + text)));
}

// Sampled values must be ones that the step takes: both ends and the middle of each distribution are tried.
void check_options(SweepSpec& spec, const Step& step) {
  for (auto& distribution : spec.space.distributions()) {
    if (spec.node.options.contains(distribution.option))
      throw Error(Code::invalid, "the option \"" + distribution.option + "\" is both fixed and searched");
    auto dot = distribution.option.find('.');
    for (auto& field : step.fields)
      if (dot != std::string::npos && field.name == distribution.option.substr(0, dot) && field.type != FieldType::list)
        throw Error(Code::invalid, "the option \"" + field.name + "\" of " + step.name + " is no list",
                    "only of lists of NAME=VALUE single values are searched: set.rate");
      else if (field.name == distribution.option && field.type == FieldType::integer)
        distribution.whole = true;
  }
  for (double unit : {0.01, 0.5, 0.99}) {
    json::object options = spec.node.options;
    for (auto& distribution : spec.space.distributions())
      put_option(options, distribution.option, distribution.at(unit));
    complete(step.fields, options, step.name);
  }
}

}  // namespace

SweepSpec SweepSpec::from_json(const json::value& value) {
  if (!value.is_object()) throw Error(Code::invalid, "a sweep is a table of names", "see docs/tune.md");
  json::object plain = value.get_object();
  for (auto key : {"options", "inputs", "search", "early_termination", "limits"}) plain.erase(key);
  auto given = from_fields<Plain>(plain_fields, plain, "sweep");
  auto limits = from_fields<SweepLimits>(limit_fields, object_in(value.get_object(), "limits"), "limits");
  const Step& step = get_step(given.step);
  SweepSpec spec{.name = given.name.empty() ? given.step : given.name, .metric = given.metric};
  spec.node.id = trial_node;
  spec.node.step = given.step;
  spec.node.options = object_in(value.get_object(), "options");
  for (auto& [name, reference] : object_in(value.get_object(), "inputs")) {
    if (!reference.is_string()) throw Error(Code::invalid, "inputs." + std::string(name) + " must be a text");
    spec.node.inputs[std::string(name)] = std::string(reference.get_string());
  }
  auto* search = find(value, "search");
  spec.space = Space::from_json(search ? *search : json::value(nullptr), "search");
  if (auto* policy = find(value, "early_termination")) spec.stopping = StoppingPolicy::from_json(*policy);
  spec.minimise = given.goal == "minimize";
  spec.sampler = given.sampler;
  spec.seed = static_cast<std::uint64_t>(given.seed);
  spec.max_trials = static_cast<std::size_t>(limits.max_total_trials);
  spec.concurrent = static_cast<std::size_t>(limits.max_concurrent_trials);
  spec.timeout = limits.timeout;
  spec.trial_timeout = limits.trial_timeout;
  check_options(spec, step);
  std::vector<double> middle(spec.space.size(), 0.5);
  check(spec.pipeline_of(spec.space.at(middle), 1));
  return spec;
}

Pipeline SweepSpec::pipeline_of(const json::object& options, int threads) const {
  Node trial = node;
  for (auto& [name, value] : options) put_option(trial.options, std::string(name), value);
  trial.threads = threads;
  return {name, {trial}};
}

}  // namespace gyre

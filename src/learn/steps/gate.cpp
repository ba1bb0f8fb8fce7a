#include "base/file.hpp"
#include "base/step.hpp"

namespace gyre {

namespace {

struct Gate {
  double accuracy = 0;
  double worse = 0;
  double better = 0;
  bool stop = true;
};

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", share * 100);
  return text;
}

constexpr const char* ports[] = {"report", "second", "third", "fourth"};

// Each report must hold by itself; beside a champion none may be worse and, where asked for, one must be better.
void gate(const Gate& options, StepContext& context) {
  std::vector<std::string> reasons;
  json::array judged;
  double gain = -1;
  for (auto* port : ports) {
    if (!context.has_input(port)) continue;
    auto report = read_json_file(context.input(port));
    double accuracy = get_number(report, "accuracy");
    json::object row{{"report", port}, {"accuracy", accuracy}};
    if (accuracy < options.accuracy)
      reasons.push_back(std::string(port) + ": accuracy " + percent(accuracy) + " is below " +
                        percent(options.accuracy));
    if (auto* champion = find(report, "champion")) {
      double before = get_number(*champion, "accuracy");
      row["champion"] = before;
      gain = std::max(gain, accuracy - before);
      if (accuracy < before - options.worse)
        reasons.push_back(std::string(port) + ": accuracy fell from " + percent(before) + " to " + percent(accuracy));
    }
    judged.push_back(std::move(row));
  }
  if (options.better > 0 && gain < options.better)
    reasons.push_back(gain < 0 ? "nowhere better than a champion"
                               : "better than the champion by " + percent(gain) + " at most, " +
                                     percent(options.better) + " is asked for");
  for (auto& reason : reasons) context.say(reason);
  context.metric("passed", reasons.empty());
  json::object verdict{
      {"passed", reasons.empty()}, {"reasons", json::value_from(reasons)}, {"judged", std::move(judged)}};
  write_file(context.output("verdict"), canonical(verdict));
  if (options.stop && !reasons.empty())
    throw Error(Code::conflict, "the gate is closed: " + reasons[0],
                "what comes after it does not run; --no-stop only reports");
}

}  // namespace

extern const Step step_gate;
const Step step_gate = step<Gate>(
    {.name = "gate",
     .command = "validate gate",
     .group = "model",
     .title = "Gate",
     .help = "Lets a model pass that is good enough, and not worse than the champion, on every report given.",
     .version = 1,
     .inputs = {{"report", "report", "of `gyre validate data`"},
                {"second", "report", "on other data", true},
                {"third", "report", "on other data", true},
                {"fourth", "report", "on other data", true}},
     .outputs = {{"verdict", "report", "passed or not, and why"}}},
    {field("accuracy", &Gate::accuracy, "the least accuracy on each report", {.min = 0, .max = 1}),
     field("worse", &Gate::worse, "by how much it may be worse than the champion on any report", {.min = 0, .max = 1}),
     field("better", &Gate::better, "by how much it must be better than the champion on one report at least",
           {.min = 0, .max = 1}),
     field("stop", &Gate::stop, "a model that does not pass ends the pipeline")},
    gate);

}  // namespace gyre

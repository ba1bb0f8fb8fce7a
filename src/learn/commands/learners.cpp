#include <cstdio>

#include "base/command.hpp"
#include "learn/learner.hpp"

namespace gyre {

static json::object described(const Learner& learner) {
  json::array tasks;
  for (auto task : learner.tasks) tasks.emplace_back(name_of(task));
  return {{"name", learner.name},
          {"title", learner.title},
          {"help", learner.help},
          {"tasks", std::move(tasks)},
          {"options", schema_of(learner.fields)}};
}

static std::string shown(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

static void print_options(const Learner& learner) {
  std::printf("%s: %s\n%s\n\n", learner.name.c_str(), learner.title.c_str(), learner.help.c_str());
  for (auto& field : learner.fields) {
    std::string choices;
    for (auto& choice : field.limits.choices) choices += (choices.empty() ? "; one of " : ", ") + choice;
    std::printf("  --set %s=%s  %s%s\n", field.name.c_str(), shown(field.initial).c_str(), field.help.c_str(),
                choices.c_str());
  }
}

static int run(const json::object& values, CommandContext& context) {
  std::string name = string_or(values, "name", "");
  if (!name.empty()) {
    auto& learner = get_learner(name);
    if (context.json)
      context.print(described(learner));
    else
      print_options(learner);
    return 0;
  }
  json::array list;
  for (auto* learner : all_learners()) {
    if (context.json)
      list.push_back(described(*learner));
    else
      std::printf("%-14s %s\n", learner->name.c_str(), learner->help.c_str());
  }
  if (context.json) context.print(list);
  return 0;
}

extern const Command command_learners;
const Command command_learners{
    .words = "learners",
    .help = "Who can learn from tables; with a name: its options, for `gyre train table --set`",
    .arguments = {{"name", FieldType::text, "a learner", ""}},
    .options = {},
    .run = run};

}  // namespace gyre

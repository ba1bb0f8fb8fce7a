#include "cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <sstream>

#include "base/version.hpp"

namespace gyre {

namespace {

std::string shown_default(const Field& field) {
  if (field.initial.is_null() || field.limits.required) return "";
  if (field.initial.is_string()) return std::string(field.initial.get_string());
  if (field.initial.is_array()) return "";
  return as_people_write(field.initial);
}

std::string help_of(const Field& field) {
  std::string help = field.help;
  std::string initial = shown_default(field);
  std::string choices;
  for (auto& choice : field.limits.choices) choices += (choices.empty() ? "" : ", ") + choice;
  if (!choices.empty()) help += " {" + choices + "}";
  if (!initial.empty() && field.type != FieldType::boolean) help += " [" + initial + "]";
  return help;
}

void add_field(CLI::App& app, const Field& field, json::object& values, bool positional) {
  std::string flag = positional ? field.name : "--" + field.name;
  json::object* target = &values;
  std::string name = field.name;
  CLI::Option* option;
  if (field.type == FieldType::boolean) {
    option = app.add_flag_callback(
        flag, [target, name] { (*target)[name] = true; }, help_of(field));
    app.add_flag_callback("--no-" + name, [target, name] { (*target)[name] = false; })->group("");
  } else if (field.type == FieldType::list) {
    option = app.add_option_function<std::vector<std::string>>(
        flag, [target, name](const std::vector<std::string>& words) { (*target)[name] = json::value_from(words); },
        help_of(field));
  } else {
    option = app.add_option_function<std::string>(
        flag, [target, name](const std::string& word) { (*target)[name] = word; }, help_of(field));
  }
  option->type_name(field.type == FieldType::boolean ? "" : std::string(name_of(field.type)));
  if (field.limits.required) option->required();
}

// "model show" -> the sub-command `show` of `model`, made when absent.
CLI::App* place(CLI::App& root, const std::string& words, const std::string& help) {
  CLI::App* app = &root;
  std::istringstream stream(words);
  for (std::string word; stream >> word;) {
    CLI::App* next = nullptr;
    for (auto* known : app->get_subcommands([](CLI::App*) { return true; }))
      if (known->get_name() == word) next = known;
    if (!next) {
      next = app->add_subcommand(word)->fallthrough();
      // `gyre package push` does not need what `gyre package` requires.
      next->preparse_callback([app](std::size_t) {
        for (auto* option : app->get_options()) option->required(false);
      });
    }
    app = next;
  }
  app->description(help.substr(0, help.find('\n')));
  return app;
}

// What stands behind a sub-command falls through to here when the sub-command does not know it.
void expect_unused(const CLI::App& app) {
  for (auto* option : app.get_options())
    if (option->count()) throw CLI::ExtrasError({option->get_name()});
}

void add_command(CLI::App& root, const Command& command, Invocation& result) {
  CLI::App* app = place(root, command.words, command.help);
  for (auto& field : command.arguments) add_field(*app, field, result.values, true);
  for (auto& field : command.options) add_field(*app, field, result.values, false);
  app->callback([app, &command, &result] {
    if (app->get_subcommands().empty()) result.command = &command;
  });
}

void add_step(CLI::App& root, const Step& step, Invocation& result) {
  CLI::App* app = place(root, step.command, step.help);
  for (auto& port : step.inputs)
    app->add_option_function<std::string>(
           // By name or, in this order, without: `gyre gather folder photos`.
           "--" + port.name + "," + port.name,
           [&result, name = port.name](const std::string& word) { result.inputs[name] = word; },
           port.help + " (" + port.type + ": NAME, NAME@VERSION, digest or path)")
        ->type_name(std::string(port.type) + (port.optional ? "" : " REQUIRED"))
        ->group("Inputs");
  for (auto& field : step.fields) add_field(*app, field, result.values, false);
  app->add_option("--as", result.keep_as, "Name to keep the result under")->group("Result");
  app->add_option("--out", result.out, "File or folder to write the result to as well")->group("Result");
  app->add_flag("--fresh", result.fresh, "Run it even when the same was done before")->group("Result");
  app->callback([app, &step, &result] {
    if (!app->get_subcommands().empty()) return expect_unused(*app);
    // Not left to the parser: it would give the word of a sub-command (`package push`) to a required input.
    for (auto& port : step.inputs)
      if (!port.optional && !result.inputs.contains(port.name)) throw CLI::RequiredError("--" + std::string(port.name));
    result.step = &step;
  });
}

}  // namespace

std::string as_people_write(const json::value& value) {
  if (!value.is_double()) return canonical(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", value.get_double());
  return text;
}

Invocation parse_command_line(int argc, char** argv) {
  Invocation result;
  CLI::App root("gyre: the machine-learning loop that never stops turning", "gyre");
  root.add_flag("--json", result.json, "Print values, not prose");
  root.set_version_flag("--version", "gyre " + std::string(version()));
  root.fallthrough();
  root.require_subcommand(0, 1);
  for (auto* command : all_commands()) add_command(root, *command, result);
  for (auto& entry : all_steps()) add_step(root, *entry.step, result);
  try {
    root.parse(argc, argv);
    if (!result.command && !result.step) {
      CLI::App* deepest = &root;
      while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
      std::fputs(deepest->help().c_str(), stdout);
      result.exit_code = deepest == &root ? 0 : 2;
    }
  } catch (const CLI::Success& help) {  // --help, --version
    result.exit_code = root.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "gyre: %s\n", error.what());
    std::fprintf(stderr, "  gyre --help shows the commands; gyre COMMAND --help its options\n");
    result.exit_code = 2;
  }
  return result;
}

}  // namespace gyre

#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"
#include "base/step.hpp"
#include "cli/app.hpp"
#include "cli/arguments.hpp"
#include "cli/policy.hpp"

namespace gyre {

namespace {

void print_fields(const std::vector<Field>& fields, std::string_view prefix) {
  if (fields.empty()) return;
  std::printf("| option | type | default | meaning |\n|---|---|---|---|\n");
  for (auto& field : fields) {
    std::string initial = field.limits.required     ? "needed"
                          : field.initial.is_null() ? ""
                                                    : as_people_write(field.initial);
    std::string limits;
    if (field.limits.min) limits += ", at least " + as_people_write(*field.limits.min);
    if (field.limits.max) limits += ", at most " + as_people_write(*field.limits.max);
    for (auto& choice : field.limits.choices) limits += (&choice == &field.limits.choices[0] ? ": " : ", ") + choice;
    std::printf("| `%s%s` | %s | %s | %s%s |\n", std::string(prefix).c_str(), field.name.c_str(),
                name_of(field.type).data(), initial.c_str(), field.help.c_str(), limits.c_str());
  }
  std::printf("\n");
}

void print_ports(const char* what, const std::vector<Port>& ports) {
  for (auto& port : ports)
    std::printf("- %s `%s` (%s%s): %s\n", what, port.name.c_str(), port.type.c_str(),
                port.optional ? ", may be left out" : "", port.help.c_str());
}

void steps_page() {
  std::printf("# Steps\n\nPrinted by `gyre docs steps`. A step is a node of a pipeline, and a command.\n");
  for (auto& entry : all_steps()) {
    const Step& step = *entry.step;
    std::printf("\n## `%s`\n\n`gyre %s`: %s\n\n", step.name.c_str(), step.command.c_str(), step.help.c_str());
    print_ports("takes", step.inputs);
    print_ports("makes", step.outputs);
    if (!step.inputs.empty() || !step.outputs.empty()) std::printf("\n");
    print_fields(step.fields, "--");
  }
}

void commands_page() {
  std::printf(
      "# Commands\n\nPrinted by `gyre docs commands`. Steps are commands too: see [steps](steps.md). Every command "
      "takes `--json`.\n");
  for (auto* command : all_commands()) {
    std::string arguments;
    for (auto& field : command->arguments)
      arguments += " " + (field.limits.required ? field.name : "[" + field.name + "]");
    std::printf("\n## `gyre %s%s`\n\n%s\n\n", command->words.c_str(), arguments.c_str(), command->help.c_str());
    print_fields(command->arguments, "");
    print_fields(command->options, "--");
  }
}

// What a route needs when users are asked who they are: on the experiment or model that it is about, or everywhere.
std::string needed(const Route& route) {
  auto& policy = policy_of(route);
  if (policy.then == Policy::Then::filters) return "shows what one may read";
  if (policy.role == Role::none) return "";
  return std::string(name_of(policy.role)) + (policy.subjects ? "" : " everywhere");
}

void route_rows(const char* title, const RouteTable& table, const std::function<std::string(const Route&)>& needs) {
  std::printf("\n## %s\n\n| method | path | needs | what |\n|---|---|---|---|\n", title);
  for (auto& route : table.routes())
    std::printf("| %s | `%s` | %s | %s |\n", route.method.c_str(), route.pattern.c_str(), needs(route).c_str(),
                route.help.c_str());
}

void routes_page() {
  TemporaryFolder folder;
  App app(Workspace::init(folder.path()));
  std::printf(
      "# Routes\n\nPrinted by `gyre docs routes`. \"needs\": the role of who asks, with `gyre up --auth` "
      "([users](../users.md)).\n");
  route_rows("Port 7080: studio, REST, MLflow", app.api, needed);
  route_rows("Port 7081: OCI registry", app.registry,
             [](const Route& route) { return std::string(route.method == "GET" ? "" : "contributor everywhere"); });
}

int run(const json::object& values, CommandContext&) {
  std::string page = get_string(values, "page");
  if (page == "steps")
    steps_page();
  else if (page == "commands")
    commands_page();
  else
    routes_page();
  return 0;
}

}  // namespace

extern const Command command_docs{
    .words = "docs",
    .help = "Print a page of the reference",
    .arguments = {{"page", FieldType::text, "which page", "steps", {.choices = {"steps", "commands", "routes"}}}},
    .options = {},
    .run = run};

}  // namespace gyre

// `gyre`: a command, a step typed as a command, or (for the runner) a step as a process.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "base/file.hpp"
#include "base/version.hpp"
#include "cli/api.hpp"
#include "cli/arguments.hpp"
#include "cli/run_as_command.hpp"
#include "cli/terminal.hpp"
#include "flow/step_file.hpp"

namespace gyre {

static int show(const Error& error, bool json) {
  auto& row = row_of(error.code);
  if (json) {
    json::object body{{"error", {{"code", row.name}, {"message", error.text()}, {"hint", error.hint}}}};
    std::fprintf(stderr, "%s\n", json::serialize(body).c_str());
  } else {
    std::fprintf(stderr, "%s %s\n", tinted(Tint::red, "gyre:", is_terminal(2)).c_str(), error.what());
    if (!error.hint.empty()) std::fprintf(stderr, "  %s\n", error.hint.c_str());
  }
  return row.exit_code;
}

static int run(int argc, char** argv) {
  if (argc == 3 && !std::strcmp(argv[1], "step") && std::strchr(argv[2], '/')) return step_main(argv[2]);
  if (argc == 2 && !std::strcmp(argv[1], "--version")) return std::printf("gyre %s\n", version().data()), 0;
  Invocation invocation;
  try {
    invocation = parse_command_line(argc, argv);
    if (invocation.exit_code >= 0) return invocation.exit_code;
    std::unique_ptr<Api> api;
    CommandContext context{.api = [&]() -> Api& {
                             if (!api) api = open_api(fs::current_path());
                             return *api;
                           },
                           .json = invocation.json,
                           .terminal = is_terminal(1)};
    if (invocation.step) return run_step_command(invocation, context);
    auto fields = invocation.command->arguments;
    fields.insert(fields.end(), invocation.command->options.begin(), invocation.command->options.end());
    return invocation.command->run(complete(fields, invocation.values, invocation.command->words), context);
  } catch (const Error& error) {
    return show(error, invocation.json);
  } catch (const std::exception& error) {
    return show(Error(Code::internal, error.what()), invocation.json);
  }
}

}  // namespace gyre

int main(int argc, char** argv) { return gyre::run(argc, argv); }

// gyre-module: the one program in a model's container. It needs the model and ONNX Runtime, and no network.
#include <signal.h>

#include <cstdio>
#include <string_view>

#include "base/error.hpp"
#include "edge/module_runtime.hpp"

using namespace gyre;

static std::atomic<bool> stop = false;

static int usage() {
  std::fputs("usage: gyre-module run|check [--input FOLDER] [--model FILE]\n", stderr);
  return row_of(Code::invalid).exit_code;
}

int main(int count, char** words) {
  if (count < 2 || count % 2 != 0) return usage();
  std::string_view verb = words[1];
  ModuleOptions options;
  for (int i = 2; i < count; i += 2) {
    std::string_view option = words[i];
    if (option == "--input")
      options.input = words[i + 1];
    else if (option == "--model")
      options.model = words[i + 1];
    else
      return usage();
  }
  // As process 1 of a container, signals without a handler would be ignored. No SA_RESTART: a wait ends at once.
  struct sigaction action {};
  action.sa_handler = [](int) { stop = true; };
  for (int number : {SIGTERM, SIGINT}) ::sigaction(number, &action, nullptr);
  try {
    if (verb == "run") return run_module(options, stop);
    if (verb == "check") return check_module(options, stop);
    return usage();
  } catch (const Error& error) {
    std::fprintf(stderr, "gyre-module: %s\n", error.what());
    if (!error.hint.empty()) std::fprintf(stderr, "  %s\n", error.hint.c_str());
    return row_of(error.code).exit_code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gyre-module: %s\n", error.what());
    return row_of(Code::internal).exit_code;
  }
}

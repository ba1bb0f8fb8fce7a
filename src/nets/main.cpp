// `gyre-nets`: runs the steps that train nets, as processes of their own. libtorch is only here: it costs a second of
// start-up.
#include <cstdio>
#include <cstring>

#include "base/version.hpp"
#include "flow/step_file.hpp"

int main(int argc, char** argv) {
  if (argc == 3 && !std::strcmp(argv[1], "step")) return gyre::step_main(argv[2]);
  if (argc == 2 && !std::strcmp(argv[1], "--version")) return std::printf("gyre-nets %s\n", gyre::version().data()), 0;
  std::fputs("gyre-nets runs steps for gyre; `gyre steps` lists them\nusage: gyre-nets step STEP.json\n", stderr);
  return 2;
}

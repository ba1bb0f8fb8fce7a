#include <cstdio>

#include "cli/follow.hpp"
#include "cli/loop/turn.hpp"

namespace gyre {

static const std::vector<Field> fields{
    field("seed", &LoopOptions::seed, "another seed renders another line", {.min = 0, .max = 1e9}),
    field("folder", &LoopOptions::folder,
          "workspace and devices are kept here; the same folder again does only what is new"),
    field("quick", &LoopOptions::quick,
          "a small turn in half a minute, to see that every part works; its models are poor"),
    field("out", &LoopOptions::out, "file for the figures"),
};

static int run(const json::object& values, CommandContext& context) {
  watch_interrupts();
  auto options = from_fields<LoopOptions>(fields, values, "loop");
  std::string out = fs::absolute(options.out);
  json::object figures;
  try {
    Turn turn(options, context.json);
    figures = turn.run();
  } catch (const Error& error) {
    if (error.code != Code::unavailable) throw;
    throw Error(error.code, error.text(), "the loop goes on where it was: run it again");
  }
  write_file(out, pretty(figures) + "\n");
  if (context.json)
    context.print(figures);
  else
    std::printf("%s\nwritten to %s\n", loop_table(figures, context.terminal).c_str(), out.c_str());
  return 0;
}

extern const Command command_loop{.words = "loop",
                                  .help = "Turn the whole loop once on the demo line, with real parts",
                                  .arguments = {},
                                  .options = fields,
                                  .run = run};

}  // namespace gyre

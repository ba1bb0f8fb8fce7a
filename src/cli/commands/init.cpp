#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"
#include "store/workspace.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  fs::path folder = get_string(values, "folder");
  if (!fs::is_directory(folder)) throw Error(Code::not_found, folder.string() + " is no folder");
  fs::path root = Workspace::init(folder);
  { Workspace workspace(root); }  // makes or migrates the database now, not at the first use
  if (context.json)
    context.print({{"workspace", fs::absolute(root).lexically_normal().string()}});
  else
    std::printf("workspace %s\n", fs::absolute(root).lexically_normal().c_str());
  return 0;
}

extern const Command command_init{.words = "init",
                                  .help = "Make a workspace (.gyre) in a folder",
                                  .arguments = {{"folder", FieldType::text, "where; this folder when left out", "."}},
                                  .options = {},
                                  .run = run};

}  // namespace gyre

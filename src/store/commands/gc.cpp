#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "store/audit_routes.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  std::string age = get_string(values, "older-than");
  double seconds = static_cast<double>(now_ms() - moment_from(age)) / 1000;
  json::value answer = context.api().call(
      "POST", "/api/gc",
      {{"delete", values.at("delete")}, {"cache", values.at("cache")}, {"older_than_seconds", seconds}});
  if (context.json) {
    context.print(answer);
    return 0;
  }
  std::printf("kept %lld (%s); %s %lld (%s)%s\n", static_cast<long long>(get_int(answer, "kept")),
              short_size(get_number(answer, "kept_bytes")).c_str(),
              get_bool(answer, "removed") ? "removed" : "nothing refers to",
              static_cast<long long>(get_int(answer, "unused")), short_size(get_number(answer, "unused_bytes")).c_str(),
              get_bool(answer, "removed") ? "" : "; gyre gc --delete removes them");
  return 0;
}

extern const Command command_gc;
const Command command_gc{
    .words = "gc",
    .help = "Count content that nothing refers to; with --delete, remove it",
    .arguments = {},
    .options = {{"delete", FieldType::boolean, "remove it; else it is only counted", false},
                {"cache", FieldType::boolean, "also what pipelines made and could make again", false},
                {"older-than", FieldType::text, "only what was neither put nor used since then", "1h"}},
    .run = run};

}  // namespace gyre

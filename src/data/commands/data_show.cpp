#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"

namespace gyre {

static void print_counts(const json::value& answer, std::string_view key, const char* nothing) {
  auto* counts = find(answer, key);
  if (!counts) return;
  for (auto& item : counts->as_object()) {
    std::string name = item.key().empty() ? std::string(nothing) : std::string(item.key());
    std::printf("  %-24s %lld\n", name.c_str(), static_cast<long long>(item.value().as_int64()));
  }
}

static int run(const json::object& values, CommandContext& context) {
  json::value answer = context.api().call("GET", "/api/data/" + get_string(values, "name"));
  if (context.json) {
    context.print(answer);
    return 0;
  }
  std::printf("%s@%lld  %s  %s\n%s\n", get_string(answer, "name").c_str(),
              static_cast<long long>(get_int(answer, "version")), get_string(answer, "type").c_str(),
              short_size(get_number(answer, "bytes")).c_str(), get_string(answer, "digest").c_str());
  if (find(answer, "files"))
    std::printf("%lld files; the first is %s\n", static_cast<long long>(get_int(answer, "files")),
                string_or(answer, "first_is", "-").c_str());
  print_counts(answer, "folders", "(no folder)");
  if (find(answer, "labels")) std::printf("%lld labels\n", static_cast<long long>(get_int(answer, "labels")));
  print_counts(answer, "classes", "");
  return 0;
}

extern const Command command_data_show{
    .words = "data show",
    .help = "What is in named data: files by folder, labels by class",
    .arguments = {{"name", FieldType::text, "NAME or NAME@VERSION", "", {.required = true}, {}}},
    .options = {},
    .run = run};

}  // namespace gyre

#include <cstdio>

#include "base/command.hpp"
#include "learn/profile.hpp"

namespace gyre {

namespace {

struct Options {
  std::string target;
  std::vector<std::string> types;
};

const std::vector<Field> fields{
    field("target", &Options::target, "the column to be learned: what each other one tells about it"),
    field("types", &Options::types, "COLUMN=TYPE instead of what is worked out; may be given several times")};

int run(const json::object& values, CommandContext& context) {
  json::object own = values;
  std::string file = get_string(own, "table");
  own.erase("table");
  auto options = from_fields<Options>(fields, own, "data profile");
  Table table = read_table(file, {.types = types_from(options.types), .name = file, .threads = 4});
  json::object profile = profile_of(table, options.target);
  if (context.json)
    context.print(profile);
  else
    std::fputs(profile_in_words(profile).c_str(), stdout);
  return 0;
}

}  // namespace

extern const Command command_data_profile;
const Command command_data_profile{
    .words = "data profile",
    .help =
        "What is in a table, column by column, and what would spoil a training on it\n\nA CSV, JSON lines or "
        "Parquet file.",
    .arguments = {{"table", FieldType::text, "a file", nullptr, {.required = true}}},
    .options = fields,
    .run = run};

}  // namespace gyre

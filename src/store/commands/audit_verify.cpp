#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::array notes;
  for (auto& file : values.at("checkpoint").as_array()) notes.emplace_back(read_file(std::string(file.as_string())));
  json::value report = context.api().call("POST", "/api/audit/verify", {{"checkpoints", notes}});
  bool good = get_bool(report, "good");
  if (context.json) {
    context.print(report);
    return good ? 0 : row_of(Code::conflict).exit_code;
  }
  auto total = get_int(report, "findings_total");
  auto& findings = report.at("findings").as_array();
  for (auto& finding : findings) std::printf("%s\n", get_string(finding, "text").c_str());
  if (static_cast<std::int64_t>(findings.size()) < total)
    std::printf("... and %lld more\n", static_cast<long long>(total) - static_cast<long long>(findings.size()));
  std::printf("%lld entries, %lld checkpoints, %lld entries not signed yet: %s\n",
              static_cast<long long>(get_int(report, "entries")),
              static_cast<long long>(get_int(report, "checkpoints")),
              static_cast<long long>(get_int(report, "unsigned")), good ? "good" : "NOT as it was written");
  return good ? 0 : row_of(Code::conflict).exit_code;
}

extern const Command command_audit_verify;
const Command command_audit_verify{
    .words = "audit verify",
    .help = "Find and name every entry of the audit log that was altered, removed or reordered",
    .arguments = {},
    .options = {{"checkpoint", FieldType::list, "a checkpoint that was kept elsewhere; may be repeated",
                 json::array()}},
    .run = run};

}  // namespace gyre

#include <cstdio>

#include "base/command.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::value proof = context.api().call("GET", "/api/audit/proof/" + std::to_string(get_int(values, "entry")));
  if (context.json) {
    context.print(proof);
    return 0;
  }
  std::printf("%s\n", canonical(proof.at("entry")).c_str());
  std::printf("leaf %s, index %lld of %lld\nroot %s\n", get_string(proof, "leaf").c_str(),
              static_cast<long long>(get_int(proof, "index")), static_cast<long long>(get_int(proof, "size")),
              get_string(proof, "root").c_str());
  for (auto& hash : proof.at("path").as_array()) std::printf("%s\n", hash.as_string().c_str());
  return 0;
}

extern const Command command_audit_prove;
const Command command_audit_prove{
    .words = "audit prove",
    .help = "Prove that an entry is in the audit log (RFC 9162)",
    .arguments = {{"entry", FieldType::integer, "its number", nullptr, {.min = 1, .required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre

#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "base/http_client.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  std::string path = "/api/audit?limit=" + std::to_string(get_int(values, "limit"));
  for (auto name : {"who", "subject", "since"})
    path += std::string("&") + name + "=" + percent_encode(get_string(values, name));
  json::value answer = context.api().call("GET", path);
  if (context.json) {
    context.print(answer);
    return 0;
  }
  for (auto& entry : answer.at("entries").as_array())
    std::printf("%6lld  %s  %s from %s: %s %s  %s -> %s\n", static_cast<long long>(get_int(entry, "id")),
                iso_time(get_int(entry, "at")).c_str(), get_string(entry, "who").c_str(),
                get_string(entry, "from").c_str(), get_string(entry, "action").c_str(),
                get_string(entry, "subject").c_str(), canonical(entry.at("before")).substr(0, 60).c_str(),
                canonical(entry.at("after")).substr(0, 60).c_str());
  return 0;
}

extern const Command command_audit_list;
const Command command_audit_list{
    .words = "audit list",
    .help = "Say who did what to what, newest first",
    .arguments = {},
    .options = {{"who", FieldType::text, "only acts of this user or device", ""},
                {"subject", FieldType::text, "only acts on this; with * at its end, on what begins with it", ""},
                {"since", FieldType::text, "only acts since then: 2026-03-01, or 2h, 7d before now", ""},
                {"limit", FieldType::integer, "how many at most", 100, {.min = 1, .max = 10000}}},
    .run = run};

}  // namespace gyre

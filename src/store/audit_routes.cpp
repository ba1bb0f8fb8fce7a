#include "store/audit_routes.hpp"

#include <charconv>
#include <ctime>

#include "base/clock.hpp"
#include "store/audit.hpp"

namespace gyre {

std::int64_t moment_from(std::string_view text) {
  auto malformed = [&] {
    return Error(Code::invalid, "\"" + std::string(text) + "\" is no time",
                 "as 2026-03-01, 2026-03-01T08:00:00Z, or 30m, 2h, 7d before now");
  };
  if (text.size() < 2) throw malformed();
  std::int64_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, count);
  if (error == std::errc() && end == text.data() + text.size() - 1 && count >= 0 && count < 1'000'000'000) {
    for (auto [unit, seconds] : {std::pair{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}})
      if (text.back() == unit) return now_ms() - count * seconds * 1000;
    throw malformed();
  }
  std::string given(text);
  for (const char* form : {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"}) {
    std::tm parts{};
    if (const char* rest = ::strptime(given.c_str(), form, &parts); rest && !*rest)
      return static_cast<std::int64_t>(::timegm(&parts)) * 1000;
  }
  throw malformed();
}

static std::int64_t number_in(const Request& request, std::string_view name, std::int64_t otherwise) {
  auto text = request.query_value(name);
  if (!text || text->empty()) return otherwise;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 0)
    throw Error(Code::invalid, std::string(name) + "=" + *text + " is no number");
  return value;
}

static Response list(Workspace& workspace, const Request& request) {
  AuditQuery query{.who = request.query_value("who").value_or(""),
                   .subject = request.query_value("subject").value_or(""),
                   .below = number_in(request, "below", 0),
                   .limit = std::min<std::int64_t>(number_in(request, "limit", 100), 10'000)};
  if (auto since = request.query_value("since"); since && !since->empty()) query.since = moment_from(*since);
  json::array entries;
  for (auto& entry : workspace.audit_log().list(query)) entries.push_back(to_json(entry));
  return json_response({{"entries", entries}});
}

std::vector<Route> audit_routes(Workspace& workspace) {
  return {
      {"GET", "/api/audit",
       "Who did what to what, newest first: ?who= &subject= (x* for a beginning) &since= &below= &limit=",
       [&](Request& request) { return list(workspace, request); }},
      {"POST", "/api/audit/verify",
       "Find what was altered, removed or reordered: {checkpoints: [note...]} kept elsewhere",
       [&](Request& request) {
         std::vector<std::string> former;
         auto body = request.json_body();
         if (auto* notes = find(body, "checkpoints"); notes && notes->is_array())
           for (auto& note : notes->get_array())
             if (note.is_string()) former.emplace_back(note.get_string());
         return json_response(workspace.audit_log().verify(former));
       }},
      {"GET", "/api/audit/checkpoint", "The log of now as a signed note: {note, key}",
       [&](Request&) {
         auto made = workspace.audit_log().checkpoint();
         return json_response({{"note", made.note}, {"key", made.key}});
       }},
      {"GET", "/api/audit/proof/{id}", "That an entry is in the log: RFC 9162 inclusion proof",
       [&](Request& request) {
         std::string text = request.param("id");
         std::int64_t id = 0;
         auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
         if (error != std::errc() || *end) throw Error(Code::invalid, "\"" + text + "\" is no entry's number");
         return json_response(workspace.audit_log().prove_inclusion(id));
       }},
      {"GET", "/api/audit/consistency", "That the log goes on from ?from= entries: RFC 9162 consistency proof",
       [&](Request& request) {
         auto former = static_cast<std::uint64_t>(number_in(request, "from", 0));
         return json_response(workspace.audit_log().prove_consistency(former));
       }},
  };
}

}  // namespace gyre

#include "fleet/inbox.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gyre {

constexpr std::int64_t kept_per_device = 10'000;

std::int64_t Inbox::store(const std::string& device, std::string_view payload) {
  std::string where = "a message of device \"" + device + "\"";
  json::value message = parse_json(payload, where);
  std::int64_t seq = get_int(message, "seq");
  json::value kind = "?", at = 0, body, error;
  try {
    at = get_int(message, "at");
    kind = json::string(get_string(message, "kind"));
    auto* given = gyre::find(message, "body");
    if (!given || !given->is_object()) throw Error(Code::invalid, "it has no body");
    if (!intakes_.contains(kind.get_string())) throw Error(Code::invalid, "its kind is not known here");
    body = *given;
  } catch (const Error& bad) {  // kept as an error and acknowledged: sent again, it would be no better
    error = json::string(bad.text());
  }
  auto& rows = workspace_.rows();
  rows.transaction([&] {
    auto known = rows.one("SELECT state FROM device WHERE name = $1", {device});
    if (!known || get_string(*known, "state") != "active")
      throw Error(Code::denied, where + " is refused: the device is " + (known ? "revoked" : "not known here"));
    auto received = now_ms();
    rows.run("INSERT INTO device_message VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
             {device, seq, kind, at, received, body, error});
    rows.run("UPDATE device SET seen_at = $2 WHERE name = $1", {device, received});
  });
  return seq;
}

void Inbox::handle(const Row& row) {
  std::string device = get_string(row, "device");
  std::int64_t seq = get_int(row, "seq");
  auto& rows = workspace_.rows();
  auto mark = [&](const json::value& error) {
    rows.run("UPDATE device_message SET body = NULL, error = $3 WHERE device = $1 AND seq = $2", {device, seq, error});
  };
  try {
    rows.transaction([&] {
      intakes_.at(get_string(row, "kind"))(device, get_int(row, "at"), parse_json(get_string(row, "body"), "message"));
      mark(nullptr);
    });
  } catch (const Error& error) {
    if (error.code == Code::full || error.code == Code::unavailable) throw;
    mark(json::string(error.text()));
  }
}

Inbox::Handled Inbox::handle_waiting() {
  Handled handled;
  while (true) {
    auto rows = workspace_.rows().query(
        "SELECT device, seq, kind, at, body FROM device_message WHERE body IS NOT NULL ORDER BY received_at, seq LIMIT "
        "64");
    if (rows.empty()) return handled;
    for (auto& row : rows) {
      try {
        handle(row);
      } catch (const Error&) {  // no room on the disk: the message is safe, its turn comes again
        handled.all = false;
        return handled;
      }
      handled.count++;
    }
  }
}

void Inbox::prune() {
  workspace_.rows().run(
      "DELETE FROM device_message WHERE body IS NULL AND seq <"
      " (SELECT seq FROM device_message AS newer WHERE newer.device = device_message.device"
      "  ORDER BY seq DESC LIMIT 1 OFFSET $1)",
      {kept_per_device});
}

}  // namespace gyre

#include "edge/outbox.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace gyre {

static int priority_of(std::string_view kind) {
  if (kind == "answers") return 0;
  if (kind == "sample") return 1;
  if (kind == "event") return 2;
  return 3;  // reported, validation: the server waits for them
}

Outbox::Outbox(Sqlite& db, std::int64_t limit_bytes) : db_(db), limit_(limit_bytes) {
  db_.transaction([&] {
    db_.script(R"sql(
      CREATE TABLE IF NOT EXISTS outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, priority INTEGER NOT NULL, at INTEGER NOT NULL,
        body TEXT NOT NULL, bytes INTEGER NOT NULL);
      CREATE INDEX IF NOT EXISTS outbox_by_priority ON outbox (priority, seq);
      CREATE TABLE IF NOT EXISTS outbox_dropped (kind TEXT PRIMARY KEY, count INTEGER NOT NULL))sql");
    // The server drops numbers it knows: a device whose state was wiped must not start at 1 again.
    if (!db_.one("SELECT 1 FROM sqlite_sequence WHERE name = 'outbox'"))
      db_.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', $1)", {now_ms()});
  });
}

bool Outbox::make_room(std::int64_t bytes, int priority) {
  std::int64_t held = get_int(*db_.one("SELECT coalesce(sum(bytes), 0) AS held FROM outbox"), "held");
  while (held + bytes > limit_) {
    auto victim =
        db_.one("SELECT seq, kind, bytes FROM outbox WHERE priority <= $1 ORDER BY priority, seq LIMIT 1", {priority});
    if (!victim) return false;
    db_.run("DELETE FROM outbox WHERE seq = $1", {victim->at("seq")});
    db_.run("INSERT INTO outbox_dropped VALUES ($1, 1) ON CONFLICT (kind) DO UPDATE SET count = count + 1",
            {victim->at("kind")});
    held -= get_int(*victim, "bytes");
  }
  return true;
}

std::int64_t Outbox::put(std::string_view kind, const json::value& body) {
  std::string text = json::serialize(body);
  auto bytes = static_cast<std::int64_t>(text.size());
  std::int64_t seq = 0;
  db_.transaction([&] {
    if (!make_room(bytes, priority_of(kind))) {
      db_.run("INSERT INTO outbox_dropped VALUES ($1, 1) ON CONFLICT (kind) DO UPDATE SET count = count + 1",
              {std::string(kind)});
      return;
    }
    seq = db_.insert("INSERT INTO outbox (kind, priority, at, body, bytes) VALUES ($1, $2, $3, $4, $5)",
                     {std::string(kind), priority_of(kind), now_ms(), text, bytes}, "seq");
  });
  return seq;
}

void Outbox::acknowledge(std::int64_t seq) { db_.run("DELETE FROM outbox WHERE seq = $1", {seq}); }

std::vector<Outbox::Message> Outbox::after(std::int64_t seq, int limit) const {
  std::vector<Message> messages;
  for (auto& row :
       db_.query("SELECT seq, kind, at, body FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2", {seq, limit})) {
    std::int64_t number = get_int(row, "seq");
    // The body is JSON text already.
    messages.push_back({number, "{\"seq\":" + std::to_string(number) + ",\"kind\":\"" + get_string(row, "kind") +
                                    "\",\"at\":" + std::to_string(get_int(row, "at")) +
                                    ",\"body\":" + get_string(row, "body") + "}"});
  }
  return messages;
}

json::object Outbox::dropped() const {
  json::object counts;
  for (auto& row : db_.query("SELECT kind, count FROM outbox_dropped ORDER BY kind"))
    counts[get_string(row, "kind")] = row.at("count");
  return counts;
}

std::int64_t Outbox::waiting() const { return get_int(*db_.one("SELECT count(*) AS n FROM outbox"), "n"); }

void OutboxSender::send(std::int64_t now_ms) {
  bool late =
      std::any_of(in_flight_.begin(), in_flight_.end(), [&](auto& sent) { return now_ms - sent.second > patience_ms; });
  if (late) start_over();
  int room = window - static_cast<int>(in_flight_.size());
  if (room <= 0) return;
  for (auto& message : outbox_.after(sent_to_, room)) {
    if (!publish_(message.payload)) return;
    sent_to_ = message.seq;
    in_flight_[message.seq] = now_ms;
  }
}

void OutboxSender::acknowledged(std::int64_t seq) {
  outbox_.acknowledge(seq);
  in_flight_.erase(seq);
}

void OutboxSender::start_over() {
  in_flight_.clear();
  sent_to_ = 0;
}

}  // namespace gyre

#pragma once
// What a device has to say, kept on disk until the server has stored it. Bounded: when full, the messages of the least
// important kind go first, oldest first, and are counted.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/sqlite.hpp"

namespace gyre {

class Outbox {
 public:
  Outbox(Sqlite& db, std::int64_t limit_bytes);
  // Joins a transaction that is open. Gives the sequence number, 0 when the message was dropped.
  std::int64_t put(std::string_view kind, const json::value& body);
  void acknowledge(std::int64_t seq);
  struct Message {
    std::int64_t seq;
    std::string payload;
  };
  std::vector<Message> after(std::int64_t seq, int limit) const;
  json::object dropped() const;  // kind -> count
  std::int64_t waiting() const;  // messages

 private:
  bool make_room(std::int64_t bytes, int priority);

  Sqlite& db_;
  std::int64_t limit_;
};

// Sends what the outbox holds in order, some ahead of the acknowledgements, and all of it again after a break.
class OutboxSender {
 public:
  using Publish = std::function<bool(std::string_view payload)>;  // false: not now
  OutboxSender(Outbox& outbox, Publish publish) : outbox_(outbox), publish_(std::move(publish)) {}
  void send(std::int64_t now_ms);  // called often
  void acknowledged(std::int64_t seq);
  void start_over();  // the connection or the server is new

 private:
  static constexpr int window = 64;
  static constexpr std::int64_t patience_ms = 15'000;
  Outbox& outbox_;
  Publish publish_;
  std::map<std::int64_t, std::int64_t> in_flight_;  // seq -> when it was sent
  std::int64_t sent_to_ = 0;
};

}  // namespace gyre

#pragma once
// Rows in PostgreSQL. One server owns them at a time: an advisory lock says which. When PostgreSQL goes, or says
// nothing any more, who asks waits for it 10 seconds long; from then on, until it is back, who asks gets
// Error{unavailable} at once. What was answered is there, and nothing is there twice.
#include <chrono>

#include "base/rows.hpp"
#include "store/postgres_pulse.hpp"

namespace gyre {

class PostgresConnection;

class Postgres : public Rows {
 public:
  // Error{conflict} when another server has these rows.
  explicit Postgres(PostgresPlace place);
  ~Postgres() override;

  void each(std::string_view sql, SqlParameters parameters, const Take& take) override;
  std::int64_t insert(std::string_view sql, SqlParameters parameters, std::string_view number) override;
  void script(std::string_view sql) override;
  Dialect dialect() const override { return Dialect::postgresql; }
  std::vector<Column> text_columns() override;

 private:
  using Moment = std::chrono::steady_clock::time_point;
  class Borrowed;
  // Since when PostgreSQL is away, for all who ask.
  class Outage {
   public:
    void check();  // Error{unavailable} when nobody waits any longer, but for one a second who tries
    // After an attempt that failed: whether another one is worth while; waits a moment for it.
    bool again(Moment began);
    void over();

   private:
    std::mutex mutex_;  // guards both
    std::optional<Moment> since_{};
    Moment tried_{};
  };
  void begin() override;
  void commit() override;
  void roll_back() noexcept override;
  bool is_open() const override;
  void read(std::string_view sql, SqlParameters parameters, const Take& take);
  void connect();
  void connect_again(Moment until);
  bool was_committed();
  void take_lock(Moment until);
  void make_words();
  void own();

  PostgresPlace place_;
  PostgresPulse pulse_;
  Outage outage_;
  std::unique_ptr<PostgresConnection> writer_;                // holds the lock; none while PostgreSQL is gone
  bool wrote_ = false;                                        // in the transaction that runs
  std::int64_t owner_number_ = 0;                             // counts who owned these rows
  std::int64_t committed_ = 0;                                // counts transactions
  std::mutex readers_mutex_;                                  // guards readers_
  std::vector<std::unique_ptr<PostgresConnection>> readers_;  // idle ones
};

}  // namespace gyre

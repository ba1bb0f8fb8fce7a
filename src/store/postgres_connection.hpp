#pragma once
// One connection to PostgreSQL and the statements that were prepared on it; used by one thread at a time. Nobody waits
// on it for a PostgreSQL that says nothing any more: then the connection is lost.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/rows.hpp"
#include "store/postgres_sql.hpp"

struct pg_conn;
struct pg_result;

namespace gyre {

class PostgresPulse;

class PostgresConnection {
 public:
  using Limit = std::optional<std::chrono::seconds>;  // of each statement
  // One attempt. The schema is made when it is not there.
  PostgresConnection(const PostgresPlace& place, PostgresPulse& pulse, Limit limit);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;

  static const std::string& own_name();  // of this process, as PostgreSQL shows it

  bool is_lost() const;  // what runs on it is over, and so is its transaction
  bool in_transaction() const;
  void each(std::string_view sql, SqlParameters parameters, const Rows::Take& take);
  void script(const std::string& sql);  // in PostgreSQL's own words
  void roll_back();
  // A command without an answer goes together with what comes next: one way there and back.
  void put_off(std::string_view command) { put_off_.emplace_back(command); }

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, Close>;
  class Cells;
  struct Statement {
    std::string name{};
    std::vector<unsigned> types{};  // of the parameters
    bool binary = false;            // the columns that it gives
  };
  void set_up(const PostgresPlace& place);
  void check(const Result& result, std::string_view sql) const;
  void wait(bool to_send, std::chrono::steady_clock::time_point asked);
  Result next_result();
  Result last_result(int sent);
  const Statement& prepared(std::string_view sql);
  struct Arguments;
  Result execute(const Statement& statement, const Arguments& arguments);

  PostgresPulse& pulse_;
  Limit limit_;
  std::unique_ptr<pg_conn, Close> connection_;
  bool given_up_ = false;  // it said nothing any more
  std::unordered_map<std::string, Statement> statements_;
  std::size_t made_ = 0;
  std::vector<std::string> put_off_;
};

}  // namespace gyre

#include "store/postgres.hpp"

#include <algorithm>
#include <cctype>
#include <thread>

#include "base/error.hpp"
#include "store/postgres_connection.hpp"

namespace gyre {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto patience = 10s;          // of all who ask, from when PostgreSQL went
constexpr auto patience_to_know = 60s;  // whether a transaction was committed
constexpr auto patience_for_lock = 2s;  // of a connection of ours that PostgreSQL does not know to be lost
constexpr auto between_attempts = 100ms;
constexpr auto longest_read = 60s;  // of one statement outside of a transaction

bool only_reads(std::string_view sql) {
  constexpr std::string_view word = "SELECT";
  return sql.size() > word.size() && std::equal(word.begin(), word.end(), sql.begin(),
                                                [](char a, unsigned char b) { return a == std::toupper(b); });
}

// What statements for both databases use and only SQLite has.
constexpr const char* words = R"(
CREATE FUNCTION json_each(list text) RETURNS TABLE(value text) LANGUAGE sql IMMUTABLE AS
  $$ SELECT json_array_elements_text(list::json) $$;
CREATE FUNCTION json_member(document text, name text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT document::json ->> name $$;
CREATE OPERATOR ->> (LEFTARG = text, RIGHTARG = text, FUNCTION = json_member);
CREATE TABLE row_owner (number bigint NOT NULL, committed bigint NOT NULL);
INSERT INTO row_owner VALUES (0, 0);
)";

Error gone_meanwhile() {
  return {Code::unavailable, "PostgreSQL went away before this was written", "try again; nothing was changed"};
}

}  // namespace

void Postgres::Outage::check() {
  std::lock_guard lock(mutex_);
  auto now = Clock::now();
  if (since_ && now > *since_ + patience && now < tried_ + 1s)
    throw Error(Code::unavailable, "PostgreSQL is away", "try again when it is back; nothing was changed");
  tried_ = now;
}

bool Postgres::Outage::again(Moment began) {
  {
    std::lock_guard lock(mutex_);
    if (!since_) since_ = began;
    if (Clock::now() > *since_ + patience) return false;
  }
  std::this_thread::sleep_for(between_attempts);
  return true;
}

void Postgres::Outage::over() {
  std::lock_guard lock(mutex_);
  since_.reset();
}

// A reader for the time of one query. One that was lost is not kept.
class Postgres::Borrowed {
 public:
  explicit Borrowed(Postgres& owner) : owner_(owner) {
    {
      std::lock_guard lock(owner.readers_mutex_);
      if (!owner.readers_.empty()) {
        connection_ = std::move(owner.readers_.back());
        owner.readers_.pop_back();
      }
    }
    if (!connection_) connection_ = std::make_unique<PostgresConnection>(owner.place_, owner.pulse_, longest_read);
  }
  ~Borrowed() {
    constexpr std::size_t most_kept = 8;
    std::lock_guard lock(owner_.readers_mutex_);
    if (connection_->is_lost())
      owner_.readers_.clear();  // the others are lost too
    else if (owner_.readers_.size() < most_kept)
      owner_.readers_.push_back(std::move(connection_));
  }
  Borrowed(const Borrowed&) = delete;
  PostgresConnection& operator*() const { return *connection_; }

 private:
  Postgres& owner_;
  std::unique_ptr<PostgresConnection> connection_{};
};

Postgres::Postgres(PostgresPlace place) : place_(std::move(place)), pulse_(place_) {
  connect();
  take_lock(Clock::now() + 3s);  // who is just ending, and short commands, are waited for
  make_words();
  own();
}

Postgres::~Postgres() = default;

// What it writes may take as long as it takes: a schema's migration, rows that are brought over.
void Postgres::connect() { writer_ = std::make_unique<PostgresConnection>(place_, pulse_, std::nullopt); }

void Postgres::take_lock(Moment until) {
  std::string name = "gyre rows " + place_.schema;
  constexpr const char* holders =
      " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted"
      " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
      " AND l.classid::bigint << 32 | l.objid::bigint = hashtextextended($1, 0)";
  for (bool ours = false;; std::this_thread::sleep_for(between_attempts)) {
    writer_->each("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", {name},
                  [&](const SqlColumns& row) { ours = row.integer(0); });
    if (ours) return;
    if (Clock::now() > until) break;
    // A connection of our own that was lost, and PostgreSQL has not noticed.
    if (owner_number_ > 0)
      writer_->each(std::string("SELECT pg_terminate_backend(l.pid)") + holders + " AND a.application_name = $2",
                    {name, PostgresConnection::own_name()}, [](const SqlColumns&) {});
  }
  std::string holder = "another gyre";
  writer_->each(std::string("SELECT a.application_name") + holders, {name},
                [&](const SqlColumns& row) { holder = std::string(row.text(0)); });
  writer_.reset();
  throw Error(Code::conflict, "another server (" + holder + ") has the rows in schema " + place_.schema,
              "end that one first, or give this workspace a schema of its own: postgresql://...?schema=NAME");
}

void Postgres::make_words() {
  bool there = false;
  writer_->each("SELECT to_regclass($1 || '.row_owner') IS NOT NULL", {place_.schema},
                [&](const SqlColumns& row) { there = row.integer(0); });
  if (!there) writer_->script(words);  // one transaction
}

void Postgres::own() {
  writer_->each("UPDATE row_owner SET number = number + 1 RETURNING number, committed", {}, [&](const SqlColumns& row) {
    owner_number_ = row.integer(0);
    committed_ = row.integer(1);
  });
}

// Ends with the lock in hand, and with the certainty that nobody had it meanwhile: what this process remembers is so.
void Postgres::connect_again(Moment until) {
  writer_.reset();
  while (true) try {
      connect();
      take_lock(until);
      break;
    } catch (const Error& error) {
      writer_.reset();
      if (error.code != Code::unavailable || Clock::now() > until)
        throw Error(Code::unavailable, error.text(), error.hint);
      std::this_thread::sleep_for(between_attempts);
    }
  std::int64_t owner = 0;
  writer_->each("SELECT number FROM row_owner", {}, [&](const SqlColumns& row) { owner = row.integer(0); });
  if (owner == owner_number_) return;
  writer_.reset();
  throw Error(Code::unavailable, "another server took these rows over while PostgreSQL could not be reached",
              "start this server again");
}

void Postgres::begin() {
  wrote_ = false;
  for (Moment began = Clock::now();; began = Clock::now()) try {
      if (!writer_ || writer_->is_lost()) {
        outage_.check();
        connect_again(Clock::now() + patience_for_lock);
      }
      writer_->script("BEGIN");
      return outage_.over();
    } catch (const Error&) {  // lost since it was last used: nothing was begun
      if ((writer_ && !writer_->is_lost()) || !outage_.again(began)) throw;
    }
}

void Postgres::commit() {
  if (!wrote_) return writer_->script("COMMIT");
  std::string number = std::to_string(committed_ + 1);
  try {
    writer_->script("UPDATE row_owner SET committed = " + number + "; COMMIT");
  } catch (const Error&) {
    if (!writer_->is_lost()) throw;
    if (!was_committed()) throw gone_meanwhile();
  }
  committed_++;
}

// PostgreSQL went away while it committed.
bool Postgres::was_committed() {
  std::int64_t last = 0;
  try {
    connect_again(Clock::now() + patience_to_know);
    writer_->each("SELECT committed FROM row_owner", {}, [&](const SqlColumns& row) { last = row.integer(0); });
  } catch (const Error& error) {
    throw Error(Code::internal, "it is not known whether this was written: " + error.text(),
                "look for it when PostgreSQL is back, before you send it again");
  }
  return last > committed_;
}

void Postgres::roll_back() noexcept {
  try {
    if (is_open()) writer_->roll_back();
  } catch (const Error&) {  // the first failure is what is told; a connection that is lost takes its transaction along
  }
}

bool Postgres::is_open() const { return writer_ && !writer_->is_lost() && writer_->in_transaction(); }

void Postgres::read(std::string_view sql, SqlParameters parameters, const Take& take) {
  while (true) {
    bool told = false;
    Moment began = Clock::now();
    try {
      outage_.check();
      Borrowed reader(*this);
      (*reader).each(sql, parameters, [&](const SqlColumns& row) {
        told = true;
        take(row);
      });
      return outage_.over();
    } catch (const Error& error) {
      if (told || error.code != Code::unavailable || !outage_.again(began)) throw;
    }
  }
}

void Postgres::each(std::string_view sql, SqlParameters parameters, const Take& take) {
  bool reads = only_reads(sql);
  if (!inside() && reads) return read(sql, parameters, take);
  if (!inside()) return transaction([&] { each(sql, parameters, take); });
  if (sql.starts_with("SAVEPOINT") || sql.starts_with("RELEASE")) return writer_->put_off(sql);
  if (sql.starts_with("ROLLBACK")) return writer_->script(std::string(sql));
  wrote_ |= !reads;
  writer_->each(sql, parameters, take);
}

std::int64_t Postgres::insert(std::string_view sql, SqlParameters parameters, std::string_view number) {
  std::int64_t made = 0;
  each(std::string(sql) + " RETURNING " + std::string(number), parameters,
       [&](const SqlColumns& row) { made = row.integer(0); });
  return made;
}

void Postgres::script(std::string_view sql) {
  if (!inside()) return transaction([&] { script(sql); });
  wrote_ = true;
  writer_->script(to_postgresql(sql));
}

std::vector<Rows::Column> Postgres::text_columns() {
  std::vector<Column> columns;
  each(
      "SELECT c.table_name, c.column_name FROM information_schema.columns c WHERE c.table_schema = $1"
      " AND c.data_type = 'text' ORDER BY c.table_name, c.ordinal_position",
      {place_.schema}, [&](const SqlColumns& row) {
        columns.push_back({std::string(row.text(0)), std::string(row.text(1))});
      });
  return columns;
}

}  // namespace gyre

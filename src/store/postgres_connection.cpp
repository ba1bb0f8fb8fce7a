#include "store/postgres_connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <charconv>
#include <random>
#include <utility>

#include "base/error.hpp"
#include "store/libpq.hpp"
#include "store/postgres_pulse.hpp"

namespace gyre {

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds silence(4);      // after which it is asked whether PostgreSQL answers at all
constexpr std::chrono::seconds after_limit(5);  // PostgreSQL itself ends what takes too long: it is given this time

// Types as PostgreSQL numbers them; these come as bytes, others as text.
constexpr Oid type_bool = 16, type_bytes = 17, type_int8 = 20, type_int2 = 21, type_int4 = 23, type_text = 25;
constexpr Oid type_float4 = 700, type_float8 = 701, type_varchar = 1043, type_numeric = 1700;

bool comes_as_bytes(Oid type) {
  for (Oid known : {type_bool, type_bytes, type_int8, type_int2, type_int4, type_text, type_float8, type_varchar})
    if (type == known) return true;
  return false;
}

std::uint64_t number_in(std::string_view bytes) {  // the highest byte first
  std::uint64_t bits = 0;
  for (unsigned char byte : bytes) bits = bits << 8 | byte;
  return bits;
}

// The class and the number of what failed: PostgreSQL's documentation, appendix A.
Error failure(std::string_view state, const std::string& text) {
  auto of_class = [&](std::string_view name) { return state.starts_with(name); };
  if (of_class("23")) return {Code::conflict, text};
  if (state == "57014")
    return {Code::cancelled, "PostgreSQL took too long: " + text,
            "ask for less at a time, or see what it is busy with"};
  if (state == "53100") return {Code::full, text, "make room on PostgreSQL's disk and try again; nothing was changed"};
  if (of_class("22") || state == "54000")
    return {Code::invalid, text, "PostgreSQL does not keep such a value; nothing was changed"};
  if (of_class("08") || of_class("53") || of_class("57") || of_class("40") || state == "25006")
    return {Code::unavailable, text, "try again; nothing was changed"};
  if (state == "42501") return {Code::denied, text, "this user of PostgreSQL needs a schema of its own"};
  return {Code::internal, text};
}

}  // namespace

void PostgresConnection::Close::operator()(pg_conn* connection) const { libpq().finish(connection); }
void PostgresConnection::Close::operator()(pg_result* result) const { libpq().clear(result); }

// A row of a result.
class PostgresConnection::Cells : public SqlCells {
 public:
  Cells(const pg_result* result, bool binary) : result_(result), binary_(binary), count_(libpq().nfields(result)) {
    for (int i = 0; i < count_; i++) types_.push_back(libpq().ftype(result, i));
  }
  void stand_on(int row) { row_ = row; }
  int count() const override { return count_; }
  const char* name(int column) const override { return libpq().fname(result_, column); }
  bool is_null(int column) const override { return libpq().getisnull(result_, row_, column); }

  std::int64_t integer(int column) const override {
    std::string_view bytes = text(column);
    if (binary_) switch (types_[column]) {
        case type_bool:
          return bytes[0];
        case type_int2:
          return static_cast<std::int16_t>(number_in(bytes));
        case type_int4:
          return static_cast<std::int32_t>(number_in(bytes));
        case type_int8:
          return static_cast<std::int64_t>(number_in(bytes));
        case type_float8:
          return static_cast<std::int64_t>(number(column));
      }
    else if (types_[column] == type_bool)
      return bytes == "t";
    std::int64_t value = 0;
    std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
    return value;
  }
  double number(int column) const override {
    std::string_view bytes = text(column);
    if (binary_ && types_[column] == type_float8) return std::bit_cast<double>(number_in(bytes));
    if (is_whole(column)) return static_cast<double>(integer(column));
    double value = 0;
    std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
    return value;
  }
  std::string_view text(int column) const override {
    return {libpq().getvalue(result_, row_, column),
            static_cast<std::size_t>(libpq().getlength(result_, row_, column))};
  }
  json::value value(int column) const override {
    if (is_null(column)) return nullptr;
    if (is_whole(column)) return integer(column);
    if (Oid type = types_[column]; type == type_float4 || type == type_float8 || type == type_numeric)
      return number(column);
    return json::string(text(column));
  }

 private:
  // Sums of whole numbers are "numeric": whole when they are written so.
  bool is_whole(int column) const {
    Oid type = types_[column];
    if (type == type_numeric) return text(column).find_first_of(".eN") == std::string_view::npos;
    return type == type_int8 || type == type_int4 || type == type_int2 || type == type_bool;
  }

  const pg_result* result_;
  bool binary_;
  int count_, row_ = 0;
  std::vector<Oid> types_{};
};

// 63 bytes are kept of it. Of two machines with the same name each is itself.
const std::string& PostgresConnection::own_name() {
  static const std::string name = [] {
    char host[32] = "";
    ::gethostname(host, sizeof host - 1);
    return "gyre " + std::to_string(::getpid()) + " on " + host + " " + std::to_string(std::random_device()());
  }();
  return name;
}

PostgresConnection::PostgresConnection(const PostgresPlace& place, PostgresPulse& pulse, Limit limit)
    : pulse_(pulse), limit_(limit) {
  std::string name = own_name();
  // What stands before the URL is what it may say otherwise. A peer that says nothing for 10 s is taken for gone.
  const char* keys[] = {
      "connect_timeout",      "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
      "target_session_attrs", "dbname",          "client_encoding",     "application_name", nullptr};
  const char* values[] = {"5", "5", "2", "3", "10000", "read-write", place.url.c_str(), "UTF8", name.c_str(), nullptr};
  connection_.reset(libpq().connectdbParams(keys, values, 1));
  if (!connection_ || libpq().status(connection_.get()) != CONNECTION_OK) {
    std::string why = connection_ ? libpq().errorMessage(connection_.get()) : "no memory";
    while (why.ends_with('\n')) why.pop_back();
    throw Error(Code::unavailable, "PostgreSQL cannot be reached: " + why,
                "see that it runs, and that the URL given with --rows is right");
  }
  libpq().setNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  libpq().setnonblocking(connection_.get(), 1);
  set_up(place);
}

PostgresConnection::~PostgresConnection() = default;

void PostgresConnection::set_up(const PostgresPlace& place) {
  if (libpq().serverVersion(connection_.get()) < 130000)
    throw Error(Code::unsupported, "this PostgreSQL is too old to keep rows", "13 or newer is needed");
  const char* encoding = libpq().parameterStatus(connection_.get(), "server_encoding");
  if (!encoding || std::string_view(encoding) != "UTF8")
    throw Error(Code::unsupported, std::string("the database keeps texts as ") + (encoding ? encoding : "?"),
                "make one that keeps them as UTF8: createdb -E UTF8 -T template0 NAME");
  bool there = false;
  each("SELECT to_regnamespace($1) IS NOT NULL", {place.schema}, [&](auto& row) { there = row.integer(0); });
  if (!there) script("CREATE SCHEMA IF NOT EXISTS \"" + place.schema + "\"");
  script(
      "SET search_path TO \"" + place.schema +
      "\"; SET jit = off; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
      " SET idle_in_transaction_session_timeout = 0; SET statement_timeout = '" +
      std::to_string(limit_ ? limit_->count() : 0) +
      "s';"
      // An answered write is durable, also where the database is set up to be quicker than that.
      " SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'");
}

bool PostgresConnection::is_lost() const { return given_up_ || libpq().status(connection_.get()) != CONNECTION_OK; }
bool PostgresConnection::in_transaction() const {
  auto status = libpq().transactionStatus(connection_.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

void PostgresConnection::check(const Result& result, std::string_view sql) const {
  auto status = libpq().resultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return;
  const char* state = result ? libpq().resultErrorField(result.get(), PG_DIAG_SQLSTATE) : nullptr;
  const char* message = result ? libpq().resultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY) : nullptr;
  if (is_lost() || !state)
    throw Error(Code::unavailable, given_up_ ? "PostgreSQL does not answer" : "PostgreSQL went away",
                "try again when it is back; nothing was changed");
  throw failure(state, std::string(sql.substr(0, 400)) + ": " + (message ? message : "?"));
}

// Waits for the socket. A statement may take long; but when it is silent, and who asks PostgreSQL anew gets no answer
// either, then the machine or the process hangs, and whoever waited for it would hang with it.
void PostgresConnection::wait(bool to_send, Clock::time_point asked) {
  int socket = libpq().socket(connection_.get());
  pollfd awaited{.fd = socket, .events = static_cast<short>(to_send ? POLLIN | POLLOUT : POLLIN), .revents = 0};
  constexpr int milliseconds = std::chrono::milliseconds(silence).count();
  if (::poll(&awaited, 1, milliseconds) != 0) return;
  bool overdue = limit_ && Clock::now() > asked + *limit_ + after_limit;
  if (!overdue && pulse_.beats()) return;
  given_up_ = true;
  ::shutdown(socket, SHUT_RDWR);  // nothing that libpq does with it waits any more
}

// As PQgetResult, which would wait for ever.
PostgresConnection::Result PostgresConnection::next_result() {
  auto& pq = libpq();
  auto* raw = connection_.get();
  for (auto asked = Clock::now(); !given_up_;) {
    int unsent = pq.flush(raw);
    if (unsent < 0 || (unsent == 0 && !pq.isBusy(raw))) break;
    wait(unsent, asked);
    if (!pq.consumeInput(raw)) break;
  }
  return Result(given_up_ ? nullptr : pq.getResult(raw));
}

// Of a command that was sent, or of several in one text.
PostgresConnection::Result PostgresConnection::last_result(int sent) {
  Result last;
  if (!sent) return last;
  while (Result next = next_result()) last = std::move(next);
  return last;
}

void PostgresConnection::script(const std::string& sql) {
  std::string all;
  for (auto& command : std::exchange(put_off_, {})) all += command + "; ";
  all += sql;
  check(last_result(libpq().sendQuery(connection_.get(), all.c_str())), sql);
}

void PostgresConnection::roll_back() {
  put_off_.clear();
  script("ROLLBACK");
}

const PostgresConnection::Statement& PostgresConnection::prepared(std::string_view sql) {
  if (auto it = statements_.find(std::string(sql)); it != statements_.end()) return it->second;
  if (!put_off_.empty()) script("");  // what fails here must not come before what was put off
  // Searches are written anew for each filter: what was asked long ago need not be kept.
  if (statements_.size() > 300) {
    statements_.clear();
    script("DEALLOCATE ALL");
  }
  Statement statement{.name = "s" + std::to_string(++made_)};
  auto* raw = connection_.get();
  check(last_result(libpq().sendPrepare(raw, statement.name.c_str(), to_postgresql(sql).c_str(), 0, nullptr)), sql);
  Result described = last_result(libpq().sendDescribePrepared(raw, statement.name.c_str()));
  check(described, sql);
  for (int i = 0, count = libpq().nparams(described.get()); i < count; i++)
    statement.types.push_back(libpq().paramtype(described.get(), i));
  statement.binary = true;
  for (int i = 0, count = libpq().nfields(described.get()); i < count; i++)
    statement.binary &= comes_as_bytes(libpq().ftype(described.get(), i));
  return statements_.emplace(sql, std::move(statement)).first->second;
}

// A parameter as PostgreSQL reads it.
static std::string written(const json::value& value, Oid type, std::string_view sql) {
  switch (value.kind()) {
    case json::kind::bool_:
      return value.get_bool() ? "1" : "0";
    case json::kind::int64:
      return std::to_string(value.get_int64());
    case json::kind::uint64:
      return std::to_string(static_cast<std::int64_t>(value.get_uint64()));
    case json::kind::double_: {
      char text[40];
      return {text, std::to_chars(text, text + sizeof text, value.get_double()).ptr};
    }
    case json::kind::string: {
      std::string text(value.get_string());
      if (type != type_bytes && text.find('\0') != std::string::npos)
        throw Error(Code::invalid, "a text with a zero byte in it is not kept by PostgreSQL: " + std::string(sql),
                    "leave that byte out; nothing was changed");
      return text;
    }
    default:
      return canonical(value);  // objects and arrays are kept as JSON text
  }
}

// Values as libpq takes them.
struct PostgresConnection::Arguments {
  Arguments(const Statement& statement, SqlParameters parameters, std::string_view sql)
      : count(statement.types.size()), texts(count), values(count), lengths(count), formats(count) {
    if (count > parameters.size())
      throw Error(Code::internal,
                  "a query with no value for its parameter " + std::to_string(count) + ": " + std::string(sql));
    for (std::size_t i = 0; i < count; i++) {
      if (parameters[i].is_null()) continue;
      texts[i] = written(parameters[i], statement.types[i], sql);
      values[i] = texts[i].data();
      lengths[i] = static_cast<int>(texts[i].size());
      formats[i] = statement.types[i] == type_bytes;
    }
  }
  std::size_t count;
  std::vector<std::string> texts;
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
};

PostgresConnection::Result PostgresConnection::execute(const Statement& statement, const Arguments& given) {
  auto& pq = libpq();
  auto* raw = connection_.get();
  const char* name = statement.name.c_str();
  int count = static_cast<int>(given.count);
  if (put_off_.empty())
    return last_result(pq.sendQueryPrepared(raw, name, count, given.values.data(), given.lengths.data(),
                                            given.formats.data(), statement.binary));
  auto before = std::exchange(put_off_, {});
  pq.enterPipelineMode(raw);
  for (auto& command : before) pq.sendQueryParams(raw, command.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0);
  pq.sendQueryPrepared(raw, name, count, given.values.data(), given.lengths.data(), given.formats.data(),
                       statement.binary);
  pq.pipelineSync(raw);
  // Each command gives a result and then none; the first that failed is told, for those after it were not run.
  Result first_failed, result;
  for (std::size_t i = 0; i <= before.size() && !is_lost(); i++) {
    result = next_result();
    while (Result none = next_result()) {
    }
    if (pq.resultStatus(result.get()) == PGRES_FATAL_ERROR && !first_failed) first_failed = std::move(result);
  }
  if (!is_lost()) next_result();  // that of the end
  pq.exitPipelineMode(raw);
  return first_failed ? std::move(first_failed) : std::move(result);
}

void PostgresConnection::each(std::string_view sql, SqlParameters parameters, const Rows::Take& take) {
  const Statement& statement = prepared(sql);
  bool binary = statement.binary;
  Result result = execute(statement, Arguments(statement, parameters, sql));
  check(result, sql);
  Cells cells(result.get(), binary);
  for (int row = 0, rows = libpq().ntuples(result.get()); row < rows; row++) {
    cells.stand_on(row);
    take(SqlColumns(cells));
  }
}

}  // namespace gyre

#include "store/postgres_query.hpp"

#include "base/error.hpp"
#include "store/libpq.hpp"

namespace gyre {

namespace {

struct Clear {
  void operator()(PGresult* result) const { libpq().clear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

std::string first_line(std::string_view text) {
  if (text.starts_with("ERROR:")) text.remove_prefix(6);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return std::string(text.substr(0, text.find('\n')));
}

void check(pg_conn* connection, const Result& result, ExecStatusType wanted) {
  if (result && libpq().resultStatus(result.get()) == wanted) return;
  std::string why = first_line(libpq().errorMessage(connection));
  if (libpq().status(connection) != CONNECTION_OK)
    throw Error(Code::unavailable, "PostgreSQL has gone: " + why, "try again; nothing was kept of the answer");
  throw Error(Code::invalid, "PostgreSQL does not take this query: " + why, "one SELECT is needed");
}

std::string without_end(std::string sql) {
  while (!sql.empty() && (sql.back() == ';' || std::isspace(static_cast<unsigned char>(sql.back())))) sql.pop_back();
  return sql;
}

}  // namespace

void PostgresQuery::Close::operator()(pg_conn* connection) const { libpq().finish(connection); }

PostgresQuery::PostgresQuery(const std::string& url, std::string sql) : sql_(without_end(std::move(sql))) {
  // A peer that says nothing for 10 s is taken for gone.
  const char* keys[] = {"connect_timeout",     "keepalives_idle",
                        "keepalives_interval", "keepalives_count",
                        "tcp_user_timeout",    "options",
                        "application_name",    "dbname",
                        "client_encoding",     nullptr};
  const char* values[] = {"10",   "5",         "2",
                          "3",    "10000",     "-c TimeZone=UTC -c DateStyle=ISO -c default_transaction_read_only=on",
                          "gyre", url.c_str(), "UTF8",
                          nullptr};
  connection_.reset(libpq().connectdbParams(keys, values, 1));
  if (!connection_ || libpq().status(connection_.get()) != CONNECTION_OK)
    throw Error(Code::unavailable,
                "PostgreSQL cannot be reached: " +
                    first_line(connection_ ? libpq().errorMessage(connection_.get()) : "no memory"),
                "see that it runs and that the URL is right; a password comes from PGPASSWORD or ~/.pgpass");
  libpq().setNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  Result prepared(libpq().prepare(connection_.get(), "query", sql_.c_str(), 0, nullptr));
  check(connection_.get(), prepared, PGRES_COMMAND_OK);
  Result described(libpq().describePrepared(connection_.get(), "query"));
  check(connection_.get(), described, PGRES_COMMAND_OK);
  for (int i = 0; i < libpq().nfields(described.get()); i++)
    columns_.push_back({libpq().fname(described.get(), i), libpq().ftype(described.get(), i)});
  if (columns_.empty()) throw Error(Code::invalid, "the query has no columns", "one SELECT is needed");
}

void PostgresQuery::each_line(const std::function<void(std::string_view)>& take) {
  std::string copy = "COPY (" + sql_ + "\n) TO STDOUT (FORMAT csv)";
  Result started(libpq().exec(connection_.get(), copy.c_str()));
  check(connection_.get(), started, PGRES_COPY_OUT);
  struct Free {
    void operator()(char* line) const { libpq().freemem(line); }
  };
  while (true) {
    char* line = nullptr;
    int size = libpq().getCopyData(connection_.get(), &line, 0);
    std::unique_ptr<char, Free> owned(line);
    if (size < 0) break;
    take({line, static_cast<std::size_t>(size)});
  }
  Result ended(libpq().getResult(connection_.get()));
  check(connection_.get(), ended, PGRES_COMMAND_OK);
}

}  // namespace gyre

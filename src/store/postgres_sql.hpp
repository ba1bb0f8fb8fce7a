#pragma once
// Where rows are kept in PostgreSQL, and statements in its words.
#include <string>
#include <string_view>

namespace gyre {

// postgresql://user@host:port/database?schema=NAME, else as libpq takes it. Several workspaces can share a database,
// each in a schema of its own.
struct PostgresPlace {
  std::string url;     // for libpq
  std::string schema;  // a plain name
};
PostgresPlace parse_postgres_url(const std::string& url);

// The statements of the modules are written for both databases. What is left: names of types, of tables that SQLite
// keeps in a special way, numbers that count themselves, and lines for one of the two ("-- postgresql: ...").
std::string to_postgresql(std::string_view sql);

}  // namespace gyre

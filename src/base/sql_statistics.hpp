#pragma once
// Statistics that SQLite lacks: median, percentile, stddev, mad. For sql_sandbox.cpp.
#include <span>
#include <string_view>

struct sqlite3;

namespace gyre {

std::span<const std::string_view> sql_statistics();  // their names
void add_sql_statistics(sqlite3* db);

}  // namespace gyre

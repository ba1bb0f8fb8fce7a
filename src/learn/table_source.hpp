#pragma once
// Where the rows of a table come from, as SQL that DuckDB understands. For the sources of this module.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "data/duck.hpp"
#include "learn/table.hpp"

namespace gyre {

inline constexpr int megabytes_ahead = 256;  // of memory, while a large table is read

struct SourceColumn {
  std::string name;                // as people know it, no name twice
  std::string sql;                 // its cells
  std::optional<ColumnType> type;  // as the file says; nothing: texts that may be anything
};

struct TableSource {
  std::string name;
  std::string from;  // what follows FROM
  std::vector<SourceColumn> columns;
  std::vector<std::string> findings;
  bool csv = false;
  std::shared_ptr<TemporaryFolder> copy;  // of a file that is no UTF-8; `from` reads it
};

// What DuckDB says, without its own words around it: "data.csv cannot be read: ...".
Error cannot_read(const Error& error, const std::string& name);

TableSource table_source(Duck& duck, const std::filesystem::path& file, const std::string& name);
// After a CSV was read: which of its lines were left out and why. `records` gets their numbers, from 1, in order.
std::vector<std::string> left_out_lines(Duck& duck, const TableSource& source, std::vector<std::size_t>& records);

}  // namespace gyre

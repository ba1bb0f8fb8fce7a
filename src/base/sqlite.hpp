#pragma once
// Rows in SQLite, one file: statements prepared once.
#include <filesystem>

#include "base/rows.hpp"

struct sqlite3;

namespace gyre {

class Sqlite : public Rows {
 public:
  // WAL, synchronous=FULL (an answered write survives power loss), foreign keys on, 10 s busy timeout.
  explicit Sqlite(const std::filesystem::path& path);  // ":memory:" too
  ~Sqlite() override;

  void each(std::string_view sql, SqlParameters parameters, const Take& take) override;
  std::int64_t insert(std::string_view sql, SqlParameters parameters, std::string_view number) override;
  void script(std::string_view sql) override;
  Dialect dialect() const override { return Dialect::sqlite; }
  std::vector<Column> text_columns() override;

 private:
  class Connection;
  class Borrowed;
  void begin() override;
  void commit() override;
  void roll_back() noexcept override;
  bool is_open() const override;

  std::filesystem::path path_;
  std::unique_ptr<Connection> writer_;
  std::mutex readers_mutex_;                          // guards readers_
  std::vector<std::unique_ptr<Connection>> readers_;  // idle ones
};

}  // namespace gyre

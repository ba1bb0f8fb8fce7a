#include "store/move_rows.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gyre {

static std::string in_quotes(const std::string& name) { return "\"" + name + "\""; }

// In the order in which they were made: what a table refers to is there before it.
static std::vector<std::string> tables_of(Rows& sqlite) {
  std::vector<std::string> tables;
  sqlite.each(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'migration'"
      " ORDER BY rowid",
      {}, [&](const SqlColumns& row) { tables.emplace_back(row.text(0)); });
  return tables;
}

static void copy(Rows& from, Rows& to, const std::string& table) {
  std::string sql;
  from.each("SELECT * FROM " + in_quotes(table), {}, [&](const SqlColumns& row) {
    if (sql.empty()) {
      std::string names, values;
      for (int i = 0; i < row.count(); i++) {
        names += (i ? ", " : "") + in_quotes(row.name(i));
        values += (i ? ", $" : "$") + std::to_string(i + 1);
      }
      sql = "INSERT INTO " + in_quotes(table) + " (" + names + ") VALUES (" + values + ")";
    }
    SqlValues values;
    for (int i = 0; i < row.count(); i++) values.push_back(row.value(i));
    to.run(sql, values);
  });
}

// Numbers that count themselves go on behind those that were brought.
static void set_counters(Rows& postgresql) {
  for (auto& row : postgresql.query("SELECT table_name AS t, column_name AS c FROM information_schema.columns"
                                    " WHERE table_schema = current_schema() AND is_identity = 'YES'")) {
    std::string table = in_quotes(get_string(row, "t")), column = in_quotes(get_string(row, "c"));
    postgresql.query("SELECT setval(pg_get_serial_sequence($1, $2), m) FROM (SELECT max(" + column + ") AS m FROM " +
                         table + ") AS most WHERE m > 0",
                     {table, row["c"]});
  }
}

void move_rows(Rows& from, Rows& to) {
  to.transaction([&] {
    if (get_int(*to.one("SELECT to_regclass('rows_moved') IS NOT NULL AS done"), "done")) return;
    if (to.one("SELECT id FROM audit LIMIT 1") || to.one("SELECT id FROM run LIMIT 1"))
      throw Error(
          Code::conflict, "there are rows already in the schema that those of gyre.db are to go to",
          "name another: gyre up --rows postgresql://...?schema=NAME; or take \"rows\" out of .gyre/config.json");
    auto tables = tables_of(from);
    for (auto table = tables.rbegin(); table != tables.rend(); ++table) to.run("DELETE FROM " + in_quotes(*table));
    for (auto& table : tables) copy(from, to, table);
    set_counters(to);
    to.script("CREATE TABLE rows_moved (at INTEGER); INSERT INTO rows_moved VALUES (" + std::to_string(now_ms()) + ")");
  });
}

}  // namespace gyre

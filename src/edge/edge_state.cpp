#include "edge/edge_state.hpp"

#include "base/file.hpp"

namespace gyre {

static fs::path prepared(const fs::path& folder) {
  make_folders(folder);
  return folder;
}

EdgeState::EdgeState(const fs::path& folder) : folder_(fs::absolute(prepared(folder))), db_(folder_ / "state.db") {
  db_.script(R"sql(
    PRAGMA cache_size = -256;
    PRAGMA wal_autocheckpoint = 200;
    CREATE TABLE IF NOT EXISTS desired (
      one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS reported (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS module (
      name TEXT PRIMARY KEY, wanted TEXT NOT NULL DEFAULT '', committed TEXT NOT NULL DEFAULT '',
      former TEXT NOT NULL DEFAULT '', refused INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
      trial_starts INTEGER NOT NULL DEFAULT 0, restarts INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS download (image TEXT PRIMARY KEY, bytes INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS validated (id TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS sample_budget (module TEXT PRIMARY KEY, day INTEGER NOT NULL, used INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS answered (module TEXT NOT NULL, file TEXT NOT NULL))sql");
}

json::object EdgeState::desired() {
  auto row = db_.one("SELECT body FROM desired");
  return row ? parse_json(get_string(*row, "body"), "stored desired twin").as_object() : json::object{};
}

std::int64_t EdgeState::desired_version() {
  auto row = db_.one("SELECT version FROM desired");
  return row ? get_int(*row, "version") : 0;
}

bool EdgeState::take_desired(const json::value& desired) {
  std::int64_t version = get_int(desired, "$version");
  bool taken = false;
  db_.transaction([&] {
    if (version <= desired_version()) return;
    taken = true;
    db_.run(
        "INSERT INTO desired VALUES (1, $1, $2) ON CONFLICT (one) DO UPDATE SET version = excluded.version, "
        "body = excluded.body",
        {version, canonical(desired)});
    for (auto& row : modules()) {
      auto* modules_wanted = find(desired, "modules");
      if (modules_wanted && find(*modules_wanted, row.name)) continue;
      row.wanted.clear();
      save(row);
    }
    auto* wanted = find(desired, "modules");
    if (!wanted || !wanted->is_object()) return;
    for (auto& [name, entry] : wanted->get_object()) {
      ModuleRow row = find_module(name).value_or(ModuleRow{.name = name});
      std::string text = canonical(entry);
      if (row.wanted == text) continue;
      row.wanted = text;  // a new entry: what failed before counts no more
      row.refused = false;
      row.error.clear();
      row.trial_starts = 0;
      save(row);
    }
  });
  return taken;
}

static ModuleRow module_row(const Row& row) {
  return {get_string(row, "name"),      get_string(row, "wanted"),    get_string(row, "committed"),
          get_string(row, "former"),    get_int(row, "refused") != 0, get_string(row, "error"),
          get_int(row, "trial_starts"), get_int(row, "restarts")};
}

std::vector<ModuleRow> EdgeState::modules() {
  std::vector<ModuleRow> rows;
  for (auto& row : db_.query("SELECT * FROM module ORDER BY name")) rows.push_back(module_row(row));
  return rows;
}

std::optional<ModuleRow> EdgeState::find_module(const std::string& name) {
  auto row = db_.one("SELECT * FROM module WHERE name = $1", {name});
  if (!row) return {};
  return module_row(*row);
}

void EdgeState::save(const ModuleRow& row) {
  db_.run(
      "INSERT OR REPLACE INTO module VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {row.name, row.wanted, row.committed, row.former, int{row.refused}, row.error, row.trial_starts, row.restarts});
}

void EdgeState::remove(const std::string& name) { db_.run("DELETE FROM module WHERE name = $1", {name}); }

json::object EdgeState::reported() {
  auto row = db_.one("SELECT body FROM reported");
  return row ? parse_json(get_string(*row, "body"), "stored reported twin").as_object() : json::object{};
}

void EdgeState::set_reported(const json::object& document) {
  db_.run("INSERT OR REPLACE INTO reported VALUES (1, $1)", {json::serialize(document)});
}

void EdgeState::add_download(const std::string& image, std::int64_t bytes) {
  db_.run("INSERT INTO download VALUES ($1, $2) ON CONFLICT (image) DO UPDATE SET bytes = bytes + excluded.bytes",
          {image, bytes});
}

std::int64_t EdgeState::downloaded(const std::string& image) {
  auto row = db_.one("SELECT bytes FROM download WHERE image = $1", {image});
  return row ? get_int(*row, "bytes") : 0;
}

bool EdgeState::was_validated(const std::string& id) {
  return db_.one("SELECT 1 FROM validated WHERE id = $1", {id}).has_value();
}

void EdgeState::mark_validated(const std::string& id) { db_.run("INSERT OR IGNORE INTO validated VALUES ($1)", {id}); }

bool EdgeState::take_sample_budget(const std::string& module, std::int64_t per_day, std::int64_t now_ms) {
  constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;
  std::int64_t day = now_ms / day_ms;
  bool taken = false;
  db_.transaction([&] {
    auto row = db_.one("SELECT day, used FROM sample_budget WHERE module = $1", {module});
    // A clock that was set back opens no second budget for a later day.
    std::int64_t last_day = row ? get_int(*row, "day") : day;
    std::int64_t used = row && day <= last_day ? get_int(*row, "used") : 0;
    if (used >= per_day) return;
    taken = true;
    db_.run("INSERT OR REPLACE INTO sample_budget VALUES ($1, $2, $3)", {module, std::max(day, last_day), used + 1});
  });
  return taken;
}

void EdgeState::set_answered(const std::string& module, const std::vector<fs::path>& files) {
  db_.transaction([&] {
    db_.run("DELETE FROM answered WHERE module = $1", {module});
    for (auto& file : files) db_.run("INSERT INTO answered VALUES ($1, $2)", {module, file.string()});
  });
}

std::vector<fs::path> EdgeState::answered() {
  std::vector<fs::path> files;
  for (auto& row : db_.query("SELECT file FROM answered")) files.emplace_back(get_string(row, "file"));
  return files;
}

}  // namespace gyre

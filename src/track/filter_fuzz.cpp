#include <cstdlib>

#include "base/error.hpp"
#include "base/sqlite.hpp"
#include "tests/fuzz.hpp"
#include "track/filter.hpp"
#include "track/search_subjects.hpp"

// Any text: clauses that become SQL whose values are all parameters, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static gyre::Sqlite rows(":memory:");
  static const bool made = [] {
    rows.script(
        "CREATE TABLE run (number, id, name, who, status, stage, artifact_uri, started_at, ended_at, experiment);"
        "CREATE TABLE param (run, key, value); CREATE TABLE run_tag (run, key, value);"
        "CREATE TABLE latest_metric (run, key, value); CREATE TABLE dataset_input (id, name, digest);"
        "CREATE TABLE run_dataset (run, dataset); CREATE TABLE run_dataset_tag (run, key, value);"
        "INSERT INTO run (number) VALUES (1)");
    return true;
  }();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  gyre::SqlText sql;
  sql.text = "SELECT number FROM run WHERE 1 = 1";
  try {
    for (auto& clause : gyre::parse_filter(text)) gyre::add_clause(sql, gyre::run_subject(), clause);
    gyre::parse_order(text);
  } catch (const gyre::Error& error) {
    if (error.code != gyre::Code::invalid) std::abort();
    return 0;
  }
  if (made) rows.query(sql.text, sql.values);  // an Error here is a finding: the text became part of the SQL
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"metrics.loss < 0.1 and params.\"learning rate\" = '0.01'",
          "tags.`my tag` LIKE 'a%' AND attributes.status != 'FINISHED'",
          "run_id IN ('a', 'b') and params.x IS NOT NULL and tags.y is null",
          "datasets.context = 'it''s' and metric.a >= -1.5e3 and start_time > 12",
          "metrics.loss DESC",
          "`run name` ILIKE '_x'"};
}

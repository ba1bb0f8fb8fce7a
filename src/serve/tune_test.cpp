#include "serve/tune.hpp"

#include <cstdlib>

#include "base/file.hpp"
#include "serve/testing.hpp"
#include "serve/trial_runs.hpp"

namespace gyre::testing {

TEST_CASE("tune: what is tried fits the cores") {
  auto settings = settings_to_try(6, true);
  bool all = false, one = false;
  for (auto& setting : settings) {
    CHECK(setting.instances * static_cast<std::size_t>(setting.threads) <= 6);
    all = all || (setting.instances == 6 && setting.threads == 1 && setting.batch == 16);
    one = one || (setting.instances == 1 && setting.threads == 6);
  }
  CHECK(all);
  CHECK(one);
  CHECK(settings_to_try(1, false).size() == 1);
}

TEST_CASE("tune: the best meets the target, and is the quicker of two that are alike") {
  std::vector<TuneRow> rows{{{4, 1, 1}, 100, 10, 20}, {{1, 4, 1}, 96, 3, 8}, {{4, 1, 16}, 300, 100, 200}};
  CHECK(best_row(rows, 50).threads == 4);
  CHECK(best_row(rows, 500).batch == 16);
  CHECK(best_row(rows, 1).batch == 16);  // nothing meets it: the most rows
}

TEST_CASE("tune: a setting is measured, and a choice is kept") {
  auto bytes = doubling_model();
  auto make = [&](int threads) { return ModelEngine::from_bytes(bytes, threads); };
  auto engine = make(1);
  CHECK(has_free_rows(engine));
  CHECK(rows_are_independent(engine));
  CHECK(row_nanoseconds(engine) > 0);
  auto row = measure_setting(engine, {2, 1, 4}, 0.01, 3);
  CHECK(row.rows_per_second > 0);
  CHECK(row.p50_ms <= row.p99_ms);
  TemporaryFolder cache;
  std::string before = std::getenv("XDG_CACHE_HOME") ? std::getenv("XDG_CACHE_HOME") : "";
  ::setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);
  constexpr double all = 1e9;  // other tests may run now
  auto usual = measured_choice(engine, make, "sha256:of-this-model", -1);
  CHECK(usual.threads == 1);
  CHECK(files_below(cache.path()).empty());  // a busy machine decides nothing
  auto choice = measured_choice(engine, make, "sha256:of-this-model", all);
  CHECK(choice.instances * static_cast<std::size_t>(choice.threads) > 0);
  fs::path kept;
  for (auto& file : files_below(cache.path())) kept = cache.path() / file;
  CHECK(!kept.empty());
  write_file(kept, R"({"instances": 7, "threads": 3})");
  CHECK(measured_choice(engine, make, "sha256:of-this-model").instances == 7);
  write_file(kept, "{");
  CHECK(measured_choice(engine, make, "sha256:of-this-model").instances != 7);
  if (before.empty())
    ::unsetenv("XDG_CACHE_HOME");
  else
    ::setenv("XDG_CACHE_HOME", before.c_str(), 1);
}

}  // namespace gyre::testing

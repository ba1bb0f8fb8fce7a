#include "search/many_table.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/duck.hpp"
#include "learn/parallel.hpp"
#include "search/series_csv.hpp"

namespace gyre {

namespace {

bool starts_with_bytes(const fs::path& file, std::string_view bytes) {
  std::ifstream stream(file, std::ios::binary);
  std::string head(bytes.size(), '\0');
  stream.read(head.data(), std::streamsize(head.size()));
  return stream && head == bytes;
}

void need_columns(const SeriesFile& source, const SeriesColumns& columns) {
  std::vector<std::string> wanted = columns.by;
  wanted.insert(wanted.end(), {columns.time, columns.target});
  wanted.insert(wanted.end(), columns.ahead.begin(), columns.ahead.end());
  for (std::size_t i = 0; i < wanted.size(); i++) {
    if (std::find(source.header.begin(), source.header.end(), wanted[i]) == source.header.end()) {
      std::string list;
      for (auto& known : source.header) list += (list.empty() ? "" : ", ") + known;
      throw Error(Code::invalid, source.name + " has no column \"" + wanted[i] + "\"", "it has: " + list);
    }
    if (std::find(wanted.begin(), wanted.begin() + std::ptrdiff_t(i), wanted[i]) != wanted.begin() + std::ptrdiff_t(i))
      throw Error(Code::invalid, "the column \"" + wanted[i] + "\" was given twice",
                  "--by, --time, --target and --ahead name different columns");
  }
}

void make_raw(Duck& duck, const SeriesFile& source, const SeriesColumns& columns) {
  std::string select;
  for (auto& by : columns.by) select += "coalesce(" + sql_name(by) + "::VARCHAR, '') AS " + sql_name(by) + ", ";
  std::string time = sql_name(columns.time) + "::VARCHAR";
  select += time + " AS gyre_time, try_cast(" + time + " AS DOUBLE) AS gyre_number, epoch(try_cast(" + time +
            " AS TIMESTAMP))::DOUBLE AS gyre_seconds, " + sql_name(columns.target) + "::DOUBLE AS gyre_target";
  for (std::size_t i = 0; i < columns.ahead.size(); i++)
    select += ", " + sql_name(columns.ahead[i]) + "::DOUBLE AS gyre_ahead" + std::to_string(i);
  duck.run("CREATE TABLE raw AS SELECT " + select + " FROM read_parquet(" + sql_text(source.path.string()) + ")");
}

// Dates, or numbers all along: never one here and the other there.
bool times_are_numbers(Duck& duck, const SeriesFile& source, const SeriesColumns& columns) {
  double rows = 0, numbers = 0;
  duck.query("SELECT count(*)::DOUBLE, count(gyre_number)::DOUBLE FROM raw", [&](const Duck::Cells& row) {
    rows = row.number(0);
    numbers = row.number(1);
  });
  if (rows == 0) throw Error(Code::invalid, source.name + " has a header but no rows");
  bool number = numbers * 2 > rows;
  duck.query("SELECT (rowid + 2)::VARCHAR, gyre_time FROM raw WHERE " +
                 std::string(number ? "gyre_number" : "gyre_seconds") + " IS NULL ORDER BY rowid LIMIT 1",
             [&](const Duck::Cells& row) {
               throw Error(Code::invalid,
                           source.name + ":" + row.text(0).value_or("?") + ": column \"" + columns.time + "\": \"" +
                               row.text(1).value_or("") + "\" is no " + (number ? "number" : "time"),
                           number ? "most rows have numbers here" : "times are like 2026-02-03 or 2026-02-03 04:05:06");
             });
  return number;
}

std::vector<SeriesRows> read_partitions(Duck& duck, const SeriesColumns& columns, bool numbers) {
  std::string keys, order, same;
  for (std::size_t i = 0; i < columns.by.size(); i++) {
    std::string name = sql_name(columns.by[i]);
    keys += ", " + name;
    order += (i ? ", " : "") + name;
    same += (i ? " AND raw." : "raw.") + name + " = part." + name;
  }
  std::vector<SeriesRows> raw;
  std::string part = "0::DOUBLE", from = "raw";
  if (columns.by.empty()) {
    raw.emplace_back();
  } else {
    duck.run("CREATE TABLE part AS SELECT (row_number() OVER (ORDER BY " + order + ") - 1)::DOUBLE AS gyre_part" +
             keys + " FROM (SELECT DISTINCT " + order + " FROM raw)");
    duck.query("SELECT gyre_part" + keys + " FROM part ORDER BY gyre_part", [&](const Duck::Cells& row) {
      auto& partition = raw.emplace_back();
      for (std::size_t i = 0; i < columns.by.size(); i++) partition.keys.push_back(row.text(i + 1).value_or(""));
    });
    part = "part.gyre_part";
    from = "raw JOIN part ON " + same;
  }
  std::string select =
      "SELECT " + part + ", raw.rowid::DOUBLE, raw." + (numbers ? "gyre_number" : "gyre_seconds") + ", raw.gyre_target";
  for (std::size_t i = 0; i < columns.ahead.size(); i++) select += ", raw.gyre_ahead" + std::to_string(i);
  duck.query(select + " FROM " + from, [&](const Duck::Cells& row) {
    auto& partition = raw[static_cast<std::size_t>(row.number(0))];
    partition.line.push_back(row.number(1) + 2);
    partition.time.push_back(row.number(2));
    partition.target.push_back(row.number(3));
    for (std::size_t i = 0; i < columns.ahead.size(); i++) partition.ahead.push_back(row.number(i + 4));
  });
  return raw;
}

// Rows in the order of time, in place.
void sort_rows(SeriesRows& raw, std::size_t ahead) {
  if (std::is_sorted(raw.time.begin(), raw.time.end()) && std::is_sorted(raw.line.begin(), raw.line.end())) return;
  std::vector<std::size_t> order(raw.time.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return raw.time[a] != raw.time[b] ? raw.time[a] < raw.time[b] : raw.line[a] < raw.line[b];
  });
  auto take = [&](std::vector<double>& values, std::size_t width) {
    std::vector<double> sorted;
    sorted.reserve(values.size());
    for (auto row : order)
      sorted.insert(sorted.end(), values.begin() + std::ptrdiff_t(row * width),
                    values.begin() + std::ptrdiff_t((row + 1) * width));
    values.swap(sorted);
  };
  take(raw.time, 1);
  take(raw.target, 1);
  take(raw.line, 1);
  take(raw.ahead, ahead);
}

std::string at_line(const std::string& name, double line) {
  return name + ":" + std::to_string(static_cast<long long>(line));
}

// Gives how many values were missing.
std::size_t fill_holes(std::vector<double>& values, const std::string& how) {
  std::size_t filled = 0, known = 0;
  for (std::size_t i = 1; i < values.size(); i++) {
    if (std::isnan(values[i])) continue;
    for (std::size_t hole = known + 1; hole < i; hole++, filled++) {
      double share = how == "between" ? double(hole - known) / double(i - known) : 0;
      values[hole] = how == "zero" ? 0 : values[known] + (values[i] - values[known]) * share;
    }
    known = i;
  }
  return filled;
}

// A series of days among series of hours: most of what would be learned from was never seen.
std::string too_sparse(const SeriesRows& raw, const Partition& partition, const TimeGrid& grid,
                       const std::string& name) {
  constexpr std::size_t few = 8;
  std::size_t known = partition.values.size() - partition.filled;
  if (known < few || known * 2 >= partition.values.size()) return {};
  std::map<std::int64_t, std::size_t> gaps;
  std::size_t place = 0;
  for (std::size_t row = 1; row < raw.time.size(); row++) {
    auto gap = grid.steps(raw.time[row - 1], raw.time[row]).value_or(0);
    if (gap > 1 && place == 0) place = row;
    gaps[gap]++;
  }
  auto usual = std::max_element(gaps.begin(), gaps.end(), [](auto& a, auto& b) { return a.second < b.second; });
  TimeGrid own = grid;
  own.step *= double(usual->first);
  std::string apart = usual->first > 1 ? "its rows are " + own.words() + " apart" : "most of its steps have no row";
  return at_line(name, raw.line[place]) + ": " + apart + ", others are " + grid.words() +
         " apart: " + std::to_string(partition.filled) + " of " + std::to_string(partition.values.size()) +
         " values would be made up (--fill zero where no row means none)";
}

std::string digest_of_rows(const SeriesRows& raw) {
  Sha256 hash;
  for (auto* values : {&raw.time, &raw.target, &raw.ahead})
    hash.add({reinterpret_cast<const char*>(values->data()), values->size() * sizeof(double)});
  return hash.digest();
}

Partition regular(SeriesRows& raw, const TimeGrid& grid, const std::string& name, const SeriesColumns& columns) {
  std::size_t ahead = columns.ahead.size();
  Partition partition{.keys = std::move(raw.keys)};
  partition.digest = digest_of_rows(raw);
  // What comes before the first value and after the last says nothing of the target.
  std::size_t first = 0, end = raw.time.size();
  while (first < end && std::isnan(raw.target[first])) first++;
  if (first == end) {
    partition.trouble = "no row has a value";
    return partition;
  }
  while (std::isnan(raw.target[end - 1])) end--;
  partition.first_time = raw.time[first];
  std::size_t rows = ahead ? raw.time.size() : end;
  constexpr std::int64_t longest = 10'000'000;
  double missing = std::nan("");
  std::int64_t former = -1;
  for (std::size_t row = first; row < rows; row++) {
    auto step = grid.steps(partition.first_time, raw.time[row]);
    if (!step || *step > longest) {
      partition.trouble = at_line(name, raw.line[row]) + ": " + grid.text(raw.time[row]) +
                          " lies between two steps: others are " + grid.words() + " apart";
      return partition;
    }
    if (*step == former) {
      partition.trouble = at_line(name, raw.line[row]) + ": a second row of " + grid.text(raw.time[row]) +
                          ", the first is in line " + std::to_string(static_cast<long long>(raw.line[row - 1]));
      return partition;
    }
    if (std::isinf(raw.target[row])) {
      partition.trouble = at_line(name, raw.line[row]) + ": the value is infinite";
      return partition;
    }
    auto at = static_cast<std::size_t>(*step);
    if (row < end) {
      partition.values.resize(at + 1, missing);
      partition.values[at] = raw.target[row];
    }
    partition.ahead.resize((at + 1) * ahead, missing);
    for (std::size_t i = 0; i < ahead; i++) partition.ahead[at * ahead + i] = raw.ahead[row * ahead + i];
    former = *step;
  }
  partition.filled = fill_holes(partition.values, columns.fill);
  if (columns.fill == "between") partition.trouble = too_sparse(raw, partition, grid, name);
  for (std::size_t i = 0; i < partition.ahead.size(); i++)
    if (std::isnan(partition.ahead[i])) partition.ahead[i] = i >= ahead ? partition.ahead[i - ahead] : 0;
  return partition;
}

}  // namespace

static SeriesRead read_series_parquet(const SeriesFile& source, const SeriesColumns& columns, int threads) {
  Duck duck(threads);
  make_raw(duck, source, columns);
  SeriesRead read;
  read.numbers = times_are_numbers(duck, source, columns);
  read.partitions = read_partitions(duck, columns, read.numbers);
  return read;
}

static SeriesFile parquet_columns(const std::filesystem::path& file, const std::string& name) {
  SeriesFile source{.path = file, .name = name};
  Duck(1).query(
      "SELECT column_name::VARCHAR FROM (DESCRIBE SELECT * FROM read_parquet(" + sql_text(file.string()) + "))",
      [&](const Duck::Cells& row) { source.header.push_back(row.text(0).value_or("")); });
  return source;
}

SeriesTable load_series_table(const std::filesystem::path& file, const std::string& name, const SeriesColumns& columns,
                              int threads, const std::optional<TimeGrid>& grid) {
  if (!fs::is_regular_file(file)) throw Error(Code::invalid, name + " is no file", "give a CSV or Parquet file");
  bool parquet = starts_with_bytes(file, "PAR1");
  auto source = parquet ? parquet_columns(file, name) : series_csv_header(file, name);
  need_columns(source, columns);
  auto read = parquet ? read_series_parquet(source, columns, threads) : read_series_csv(source, columns, threads);
  auto& raw = read.partitions;

  SeriesTable table;
  std::vector<std::vector<double>> times(raw.size());
  for_each(raw.size(), threads, [&](std::size_t i) {
    sort_rows(raw[i], columns.ahead.size());
    times[i] = raw[i].time;
  });
  table.grid = grid ? *grid : find_grid(times, read.numbers);
  table.partitions.resize(raw.size());
  for (auto& partition : raw) table.rows += partition.time.size();
  for_each(raw.size(), threads,
           [&](std::size_t i) { table.partitions[i] = regular(raw[i], table.grid, name, columns); });
  return table;
}

}  // namespace gyre

#include "search/holidays.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "data/duck.hpp"
#include "learn/parallel.hpp"

namespace gyre {

static constexpr double day = 86400;
static constexpr std::size_t most_kinds = 40;

Holidays::Holidays(const std::filesystem::path& file, const std::string& name, int threads) {
  Duck duck(threads);
  std::vector<std::string> columns;
  std::string from = "read_csv(" + sql_text(file.string()) + ", header = true, all_varchar = true)";
  try {
    duck.query("SELECT column_name::VARCHAR FROM (DESCRIBE SELECT * FROM " + from + ")",
               [&](const Duck::Cells& row) { columns.push_back(row.text(0).value_or("")); });
  } catch (const Error& error) {
    throw Error(Code::invalid, name + " cannot be read: " + error.text(), "holidays are a CSV file: date,name");
  }
  bool named = std::find(columns.begin(), columns.end(), "name") != columns.end();
  if (std::find(columns.begin(), columns.end(), "date") == columns.end())
    throw Error(Code::invalid, name + " has no column \"date\"", "holidays are a CSV file: date,name");
  std::size_t line = 1;
  duck.query("SELECT epoch(try_cast(\"date\" AS TIMESTAMP))::DOUBLE, coalesce(\"date\", ''), " +
                 std::string(named ? "coalesce(\"name\", '')" : "''") + " FROM " + from,
             [&](const Duck::Cells& row) {
               line++;
               double time = row.number(0);
               if (std::isnan(time))
                 throw Error(Code::invalid,
                             name + ":" + std::to_string(line) + ": column \"date\": \"" + row.text(1).value_or("") +
                                 "\" is no date",
                             "dates are like 2026-12-25");
               std::string kind = row.text(2).value_or("");
               days_[kind.empty() ? "holiday" : kind].push_back(std::floor(time / day) * day);
             });
  if (days_.empty()) throw Error(Code::invalid, name + " has a header but no rows");
  if (days_.size() > most_kinds)
    throw Error(Code::invalid,
                name + " names " + std::to_string(days_.size()) + " kinds of days, at most " +
                    std::to_string(most_kinds) + " can be told apart",
                "give those that act alike one name");
  for (auto& [kind, days] : days_) {
    std::sort(days.begin(), days.end());
    days.erase(std::unique(days.begin(), days.end()), days.end());
  }
}

std::vector<std::string> Holidays::names() const {
  std::vector<std::string> names;
  for (auto& [kind, days] : days_) names.push_back(kind);
  return names;
}

void Holidays::add_to(Partition& partition, const TimeGrid& grid, std::size_t ahead, std::size_t horizon) const {
  if (!partition.trouble.empty()) return;
  std::size_t rows = ahead ? partition.ahead.size() / ahead : partition.values.size() + horizon;
  std::size_t width = ahead + days_.size();
  std::vector<double> wide(rows * width);
  for (std::size_t row = 0; row < rows; row++) {
    double from = grid.time(partition.first_time, static_cast<std::int64_t>(row));
    double to = grid.time(partition.first_time, static_cast<std::int64_t>(row) + 1);
    double* cell = std::copy_n(partition.ahead.data() + row * ahead, ahead, &wide[row * width]);
    for (auto& [kind, days] : days_) {
      auto first = std::upper_bound(days.begin(), days.end(), from - day);
      auto last = std::lower_bound(days.begin(), days.end(), to);
      *cell++ = static_cast<double>(std::max<std::ptrdiff_t>(0, last - first));
    }
  }
  partition.ahead = std::move(wide);
}

void add_holidays(const Holidays& holidays, SeriesTable& table, SeriesColumns& columns, std::size_t horizon,
                  int threads) {
  if (holidays.empty()) return;
  if (table.grid.unit == TimeGrid::Unit::number)
    throw Error(Code::invalid, "the times in \"" + columns.time + "\" are numbers: holidays lie on none of them",
                "--time names a column of dates");
  std::size_t ahead = columns.ahead.size();
  for (auto& name : holidays.names()) {
    if (name == columns.target || std::find(columns.ahead.begin(), columns.ahead.end(), name) != columns.ahead.end())
      throw Error(Code::invalid, "a holiday is named \"" + name + "\" as a column of the table is", "rename one");
    columns.ahead.push_back(name);
  }
  for_each(table.partitions.size(), threads,
           [&](std::size_t i) { holidays.add_to(table.partitions[i], table.grid, ahead, horizon); });
}

}  // namespace gyre

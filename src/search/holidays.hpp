#pragma once
// Days that are not like others, by name: columns known ahead that no row has to say.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "search/many_table.hpp"

namespace gyre {

class Holidays {
 public:
  Holidays() = default;
  // A table with a column "date" and, where there are several kinds, one "name". Error{invalid} names the line.
  Holidays(const std::filesystem::path& file, const std::string& name, int threads);
  bool empty() const { return days_.empty(); }
  std::vector<std::string> names() const;  // of the columns: each kind's
  // Adds a column for each kind to a partition with `ahead` columns: how many of its days lie in each step, as far as
  // `horizon` steps behind the last value.
  void add_to(Partition& partition, const TimeGrid& grid, std::size_t ahead, std::size_t horizon) const;

 private:
  std::map<std::string, std::vector<double>> days_;  // seconds since 1970, rising
};

// The same for all partitions, and their names behind the other columns known ahead.
void add_holidays(const Holidays& holidays, SeriesTable& table, SeriesColumns& columns, std::size_t horizon,
                  int threads);

}  // namespace gyre

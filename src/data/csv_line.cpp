#include "data/csv_line.hpp"

namespace gyre {

std::vector<std::string> csv_cells(std::string_view line, char delimiter) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); i++) {
    if (line[i] == '"' && quoted && line.substr(i + 1).starts_with('"'))
      cells.back() += line[i++];
    else if (line[i] == '"' && (quoted || cells.back().empty()))
      quoted = !quoted;
    else if (line[i] == delimiter && !quoted)
      cells.emplace_back();
    else
      cells.back() += line[i];
  }
  return cells;
}

}  // namespace gyre

#include "base/csv_record.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace gyre {

std::string_view csv_record(std::string_view text, std::vector<std::string_view>& cells,
                            std::vector<std::string>& unquoted) {
  cells.clear();
  unquoted.clear();
  std::vector<std::size_t> rewritten;  // places of cells that lie in `unquoted`
  std::size_t at = 0;
  while (true) {
    if (at < text.size() && text[at] == '"') {
      std::string value;
      bool doubled = false;
      std::size_t from = ++at, end = 0;
      while (true) {
        end = text.find('"', at);
        if (end == std::string_view::npos) throw Error(Code::invalid, "a quote is not closed");
        if (end + 1 >= text.size() || text[end + 1] != '"') break;
        value.append(text.substr(from, end + 1 - from));
        doubled = true;
        at = from = end + 2;
      }
      if (doubled) {
        value.append(text.substr(from, end - from));
        unquoted.push_back(std::move(value));
        rewritten.push_back(cells.size());
        cells.emplace_back();
      } else {
        cells.push_back(text.substr(from, end - from));
      }
      at = end + 1;
    } else {
      std::size_t from = at;
      while (at < text.size() && text[at] != ',' && text[at] != '\n') ++at;
      cells.push_back(text.substr(from, at - from));
    }
    if (at < text.size() && text[at] == ',') {
      ++at;
      continue;
    }
    // A carriage return at the end of the line is no part of the last cell.
    if (!cells.back().empty() && cells.back().back() == '\r') cells.back().remove_suffix(1);
    if (at < text.size() && text[at] == '\r') ++at;
    if (at < text.size() && text[at] != '\n') throw Error(Code::invalid, "there is something behind a closed quote");
    for (std::size_t i = 0; i < rewritten.size(); i++) cells[rewritten[i]] = unquoted[i];
    return text.substr(std::min(text.size(), at + 1));
  }
}

}  // namespace gyre

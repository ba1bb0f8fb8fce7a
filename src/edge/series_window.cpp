#include "edge/series_window.hpp"

#include <vector>

namespace gyre {

static std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::optional<std::string> SeriesWindow::add(std::string_view text) {
  auto lines = lines_of(text);
  if (lines.empty() || lines.size() - 1 >= rows_) {
    lines_.clear();
    return std::string(text);
  }
  if (lines.front() != header_) {
    header_ = lines.front();
    lines_.clear();
  }
  lines_.insert(lines_.end(), lines.begin() + 1, lines.end());
  while (lines_.size() > rows_) lines_.pop_front();
  if (lines_.size() < rows_) return {};
  std::string window = header_ + "\n";
  for (auto& line : lines_) window += line + "\n";
  return window;
}

}  // namespace gyre

#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace gyre {

bool is_terminal(int fd) {
  const char* term = std::getenv("TERM");
  return ::isatty(fd) && !(term && std::string_view(term) == "dumb");
}

int terminal_width() {
  winsize size{};
  return ::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

std::string tinted(Tint tint, std::string_view text, bool colour) {
  static constexpr const char* codes[] = {"", "2", "1", "32", "33", "31", "34"};
  if (!colour || tint == Tint::plain || std::getenv("NO_COLOR")) return std::string(text);
  return "\033[" + std::string(codes[static_cast<int>(tint)]) + "m" + std::string(text) + "\033[0m";
}

std::string bar(double share, int width) {
  int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width));
  std::string out;
  for (int i = 0; i < width; i++) out += i < full ? "█" : "░";
  return out;
}

// Walks the text's characters: calls with the bytes of each and whether it takes a column.
template <class Call>
static void each_character(std::string_view text, Call call) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    bool column = true;
    if (text[i] == '\033') {
      while (i + length < text.size() && text[i + length - 1] != 'm') length++;
      column = false;
    } else {
      while (i + length < text.size() && (text[i + length] & 0xc0) == 0x80) length++;
    }
    if (!call(text.substr(i, length), column)) return;
    i += length;
  }
}

std::size_t shown_width(std::string_view text) {
  std::size_t width = 0;
  each_character(text, [&](auto, bool column) { return width += column, true; });
  return width;
}

std::string clipped(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t used = 0;
  each_character(text, [&](std::string_view character, bool column) {
    if (column && used == width) return true;  // colour codes behind the edge still count
    used += column;
    out += character;
    return true;
  });
  return out;
}

std::string padded(std::string_view text, std::size_t width) {
  std::size_t have = shown_width(text);
  return std::string(text) + std::string(have < width ? width - have : 0, ' ');
}

void LiveLines::draw(const std::vector<std::string>& lines) {
  if (!terminal_) return;
  std::string out;
  if (!lines_.empty()) out += "\033[" + std::to_string(lines_.size()) + "A\r\033[J";
  for (auto& line : lines) out += clipped(line, static_cast<std::size_t>(terminal_width() - 1)) + "\n";
  lines_ = lines;
  std::fputs(out.c_str(), stdout);
  std::fflush(stdout);
}

void LiveLines::print(std::string_view line) {
  auto lines = lines_;
  draw({});
  std::fprintf(stdout, "%.*s\n", static_cast<int>(line.size()), line.data());
  std::fflush(stdout);
  draw(lines);
}

std::string table(const std::vector<std::vector<std::string>>& rows, bool colour) {
  std::vector<std::size_t> widths;
  for (auto& row : rows)
    for (std::size_t i = 0; i < row.size(); i++) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], shown_width(row[i]));
    }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); r++) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); i++)
      line += i + 1 < rows[r].size() ? padded(rows[r][i], widths[i] + 2) : rows[r][i];
    out += (r == 0 ? tinted(Tint::bold, line, colour) : line) + "\n";
  }
  return out;
}

}  // namespace gyre

#pragma once
// What a terminal shows: colours only where people look, lines that renew themselves, bars.
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

bool is_terminal(int fd);
int terminal_width();
enum class Tint { plain, dim, bold, green, yellow, red, blue };
std::string tinted(Tint tint, std::string_view text, bool colour);
std::string bar(double share, int width);                       // "██████░░░░"
std::size_t shown_width(std::string_view text);                 // columns, without colour codes
std::string clipped(std::string_view text, std::size_t width);  // to so many columns
std::string padded(std::string_view text, std::size_t width);

// Lines at the end of the output that are drawn again in place. Without a terminal nothing is drawn.
class LiveLines {
 public:
  explicit LiveLines(bool terminal) : terminal_(terminal) {}
  ~LiveLines() { draw({}); }
  void draw(const std::vector<std::string>& lines);
  void print(std::string_view line);  // a line that stays, above the live ones

 private:
  bool terminal_;
  std::vector<std::string> lines_;
};

// Columns aligned, the first row a heading.
std::string table(const std::vector<std::vector<std::string>>& rows, bool colour);

}  // namespace gyre

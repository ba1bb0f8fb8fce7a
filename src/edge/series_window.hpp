#pragma once
// A model of a series takes a window of many readings; a driver writes short files, one a second or so. This joins
// them.
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace gyre {

class SeriesWindow {
 public:
  explicit SeriesWindow(std::size_t rows) : rows_(rows) {}
  // Takes one CSV file's text. Gives the text of a window that ends with this file, or nothing while rows are missing.
  // A file that fills a window alone is given as it is and joins nothing; another header starts a new window.
  std::optional<std::string> add(std::string_view text);
  std::size_t have() const { return lines_.size(); }
  std::size_t need() const { return rows_; }

 private:
  std::size_t rows_;
  std::string header_;
  std::deque<std::string> lines_;
};

}  // namespace gyre

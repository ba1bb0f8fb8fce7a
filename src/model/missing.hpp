#pragma once
// What people write into a cell that has no value. Wherever cells are read these are holes, inside a model's graph too.
#include <array>
#include <string_view>

namespace gyre {

inline constexpr std::array<std::string_view, 12> missing_words{"",     "NA",  "N/A", "n/a", "null", "NULL",
                                                                "None", "nan", "NaN", "NAN", "?",    "#N/A"};

constexpr bool means_missing(std::string_view cell) {
  for (auto word : missing_words)
    if (cell == word) return true;
  return false;
}

}  // namespace gyre

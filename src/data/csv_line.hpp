#pragma once
// Cells of one line of CSV as other programs write it: quoted or not, doubled quotes inside.
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

std::vector<std::string> csv_cells(std::string_view line, char delimiter = ',');

}  // namespace gyre

#pragma once
// CSV record by record, as other programs write it: quoted or not, doubled quotes and line ends inside quotes.
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

// The cells of the record that begins at `text`; gives what is left of the text. Cells that had doubled quotes are
// written to `unquoted`. Error{invalid} when a quote is not closed.
std::string_view csv_record(std::string_view text, std::vector<std::string_view>& cells,
                            std::vector<std::string>& unquoted);

}  // namespace gyre

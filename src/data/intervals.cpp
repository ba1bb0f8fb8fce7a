#include "data/intervals.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"

namespace gyre {

std::string to_text(const Intervals& intervals) {
  std::string text = "{\"version\":1,\"intervals\":{";
  const char* comma = "\n";
  for (auto& [digest, list] : intervals.of) {
    json::array array;
    for (auto& interval : list)
      array.push_back(json::object{{"from", interval.from}, {"to", interval.to}, {"what", interval.what}});
    text += comma + canonical(json::string(digest)) + ":" + canonical(array);
    comma = ",\n";
  }
  return text + "\n}}\n";
}

Intervals load_intervals(const std::filesystem::path& file) {
  json::value value = read_json_file(file);
  auto wrong = [&](const std::string& text) {
    return Error(Code::invalid, file.string() + ": " + text, "docs/formats/intervals.md shows the format");
  };
  if (get_int(value, "version") != 1) throw wrong("intervals of a version that is not known");
  const json::value* all = find(value, "intervals");
  if (!all || !all->is_object()) throw wrong("has no object \"intervals\"");
  Intervals result;
  for (auto& [digest, list] : all->get_object()) {
    if (!is_digest(digest)) throw wrong("\"" + std::string(digest) + "\" is no digest");
    auto& intervals = result.of[std::string(digest)];
    if (!list.is_array()) throw wrong(std::string(digest) + ": is no list");
    for (auto& one : list.get_array()) {
      intervals.push_back({get_number(one, "from"), get_number(one, "to"), get_string(one, "what")});
      if (!(intervals.back().from <= intervals.back().to))
        throw wrong(std::string(digest) + ": an interval ends before it begins");
    }
  }
  return result;
}

}  // namespace gyre

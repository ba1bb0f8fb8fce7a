#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "learn/matrix.hpp"

namespace gyre {

// "price=1", "age=-1" as a direction for each feature: "1,0,-1"; empty when none is given.
inline std::string monotone_list(const std::vector<std::string>& words, const std::vector<Feature>& features) {
  if (words.empty()) return {};
  std::vector<std::string> directions(features.size(), "0");
  for (auto& word : words) {
    auto sign = word.rfind('=');
    std::string name = word.substr(0, sign), direction = sign == std::string::npos ? "" : word.substr(sign + 1);
    if (direction != "1" && direction != "-1")
      throw Error(Code::invalid, "monotone: \"" + word + "\" is not NAME=1 or NAME=-1");
    bool found = false;
    for (std::size_t i = 0; i < features.size(); i++)
      if (features[i].name == name) directions[i] = direction, found = true;
    if (!found)
      throw Error(Code::invalid, "monotone: there is no feature \"" + name + "\"",
                  "the report of a training lists the features");
  }
  std::string list;
  for (auto& one : directions) list += (list.empty() ? "" : ",") + one;
  return list;
}

}  // namespace gyre

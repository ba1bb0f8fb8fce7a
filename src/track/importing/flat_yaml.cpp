#include "track/importing/flat_yaml.hpp"

#include "base/json.hpp"

namespace gyre {

static std::string trimmed(std::string_view text) {
  auto start = text.find_first_not_of(" \t\r"), end = text.find_last_not_of(" \t\r");
  return start == std::string_view::npos ? "" : std::string(text.substr(start, end - start + 1));
}

static std::string scalar(const std::string& text) {
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size(); i++) {
      out += text[i];
      if (text[i] == '\'' && text[i + 1] == '\'') i++;
    }
    return out;
  }
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    json::error_code no_json;  // its escapes are JSON's, but for a few that MLflow's names have no use for
    json::value value = json::parse(text, no_json);
    if (!no_json && value.is_string()) return std::string(value.get_string());
  }
  return text == "null" || text == "~" || text == "{}" || text == "[]" ? "" : text;
}

std::map<std::string, std::string> parse_flat_yaml(std::string_view text) {
  std::map<std::string, std::string> raw;
  std::string key;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    auto colon = line.find(':');
    bool starts = line.front() != ' ' && line.front() != '-' && colon != std::string_view::npos &&
                  (colon + 1 == line.size() || line[colon + 1] == ' ');
    if (starts) {
      key = trimmed(line.substr(0, colon));
      raw[key] = trimmed(line.substr(colon + 1));
    } else if (!key.empty() && !raw[key].empty()) {
      raw[key] += " " + trimmed(line);
    }
  }
  for (auto& [name, value] : raw) value = scalar(value);
  return raw;
}

}  // namespace gyre

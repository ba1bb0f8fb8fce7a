#include <charconv>
#include <cmath>

#include "serve/infer_json.hpp"
#include "serve/score_rows.hpp"

namespace gyre {

void append_csv_cell(std::string& to, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    to += text;
    return;
  }
  to += '"';
  for (char c : text) {
    if (c == '"') to += '"';
    to += c;
  }
  to += '"';
}

void AnswerLine::begin(std::string_view name) {
  if (json_) {
    to_ += first_ ? '{' : ',';
    append_json_string(to_, name);
    to_ += ':';
  } else if (!first_) {
    to_ += ',';
  }
  first_ = false;
}

template <class T>
static void append_number(std::string& to, T value) {
  char text[32];
  to.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void AnswerLine::number(std::string_view name, double value) {
  begin(name);
  if (std::isfinite(value))
    append_number(to_, value);
  else
    to_ += json_ ? "null" : std::isnan(value) ? "" : value > 0 ? "inf" : "-inf";
}
void AnswerLine::number(std::string_view name, float value) {
  begin(name);
  if (std::isfinite(value))
    append_number(to_, value);
  else
    to_ += json_ ? "null" : std::isnan(value) ? "" : value > 0 ? "inf" : "-inf";
}
void AnswerLine::number(std::string_view name, std::int64_t value) {
  begin(name);
  append_number(to_, value);
}
void AnswerLine::flag(std::string_view name, bool value) {
  begin(name);
  to_ += value ? "true" : "false";
}
void AnswerLine::text(std::string_view name, std::string_view value) {
  begin(name);
  if (json_)
    append_json_string(to_, value);
  else
    append_csv_cell(to_, value);
}
void AnswerLine::end() {
  if (json_) to_ += '}';
  to_ += '\n';
  first_ = true;
}

}  // namespace gyre

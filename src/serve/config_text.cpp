#include "serve/config_text.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/error.hpp"

namespace gyre {

namespace {

constexpr int deepest = 32;
// Text form does not say which fields are lists or maps.
constexpr std::string_view lists[] = {
    "input",    "output",       "dims",   "instance_group", "resources", "gpus", "preferred_batch_size",
    "versions", "model_warmup", "profile"};
constexpr std::string_view maps[] = {"parameters", "inputs", "priority_queue_policy", "metric_tags"};

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Reader {
 public:
  Reader(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  json::object message(char end, int depth) {
    if (depth > deepest) wrong("there is too much nesting");
    json::object object;
    while (true) {
      skip_space();
      if (end ? take(end) : at_ == text_.size()) return object;
      field(object, depth);
      skip_space();
      if (!take(',')) take(';');
    }
  }

 private:
  [[noreturn]] void wrong(std::string_view what) const {
    auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    throw Error(Code::invalid, std::string(where_) + ":" + std::to_string(line) + ": " + std::string(what));
  }
  void skip_space() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#')
        at_ = std::min(text_.size(), text_.find('\n', at_));
      else if (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')
        at_++;
      else
        return;
    }
  }
  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    at_++;
    return true;
  }
  std::string_view word() {
    std::size_t from = at_;
    auto part = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
             c == '-' || c == '+';
    };
    while (at_ < text_.size() && part(text_[at_])) at_++;
    if (from == at_) wrong("a name or a value is missing");
    return text_.substr(from, at_ - from);
  }
  std::string quoted(char quote) {
    std::string value;
    while (!take(quote)) {
      if (at_ == text_.size() || text_[at_] == '\n') wrong("a quote is not closed");
      if (take('\\') && at_ < text_.size()) {
        char escape = text_[at_++];
        value += escape == 'n' ? '\n' : escape == 't' ? '\t' : escape;
      } else {
        value += text_[at_++];
      }
    }
    return value;
  }

  json::value value(int depth) {
    skip_space();
    if (take('{')) return message('}', depth + 1);
    if (take('<')) return message('>', depth + 1);
    if (take('"')) return json::string(quoted('"'));
    if (take('\'')) return json::string(quoted('\''));
    auto text = word();
    if (text == "true" || text == "false") return text == "true";
    std::int64_t whole = 0;
    if (auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
        error == std::errc() && end == text.data() + text.size())
      return whole;
    double real = 0;
    if (auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), real);
        error == std::errc() && end == text.data() + text.size())
      return real;
    return json::string(text);  // an enumeration's name
  }

  void field(json::object& object, int depth) {
    auto name = word();
    skip_space();
    bool colon = take(':');
    skip_space();
    if (take('[')) {
      auto& list = list_of(object, name);
      skip_space();
      while (!take(']')) {
        list.push_back(value(depth));
        skip_space();
        if (!take(',') && (at_ == text_.size() || text_[at_] != ']')) wrong("a list is not closed");
        skip_space();
      }
      return;
    }
    if (!colon && at_ < text_.size() && text_[at_] != '{' && text_[at_] != '<')
      wrong("\":\" is missing after " + std::string(name));
    add(object, name, value(depth));
  }

  json::array& list_of(json::object& object, std::string_view name) {
    auto& slot = object[name];
    if (!slot.is_array()) slot = json::array{};
    return slot.as_array();
  }

  void add(json::object& object, std::string_view name, json::value given) {
    if (is_one_of(maps, name) && given.is_object() && given.as_object().contains("key")) {
      auto& entry = given.as_object();
      auto& slot = object[name];
      if (!slot.is_object()) slot = json::object{};
      auto& key = entry.at("key");
      auto* held = entry.if_contains("value");
      slot.as_object()[key.is_string() ? std::string(key.as_string()) : json::serialize(key)] =
          held ? *held : json::value(json::object{});
    } else if (is_one_of(lists, name)) {
      list_of(object, name).push_back(std::move(given));
    } else if (object.contains(name)) {
      wrong(std::string(name) + " is there twice");
    } else {
      object[name] = std::move(given);
    }
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t at_ = 0;
};

}  // namespace

json::object parse_config_text(std::string_view text, std::string_view where) {
  return Reader(text, where).message(0, 0);
}

}  // namespace gyre

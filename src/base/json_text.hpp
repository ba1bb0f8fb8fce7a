#pragma once
// JSON written as text at once, for answers of many thousand values: a tree of them would cost more than all the rest.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace gyre {

class JsonText {
 public:
  // Commas are put where they belong; what is opened must be closed.
  JsonText& open(char bracket);   // { or [
  JsonText& close(char bracket);  // } or ]
  JsonText& key(std::string_view name);
  JsonText& text(std::string_view value);
  JsonText& integer(std::int64_t value);
  JsonText& number(double value);  // NaN and infinities as texts, as protobuf's JSON has them
  JsonText& value(const json::value& value);
  JsonText& values(std::string_view written);  // what another one wrote: values with commas between them, or nothing
  void reserve(std::size_t more) { out_.reserve(out_.size() + more); }
  std::string take() { return std::move(out_); }

 private:
  void begin_value();
  void quote(std::string_view text);
  std::string out_;
};

}  // namespace gyre

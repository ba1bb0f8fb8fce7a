#pragma once
#include <string>

namespace gyre {

// Where the acts of this thread come from, while it lives: a client's address. Without one they come from "process".
// It goes along when another thread runs a transaction's body.
class ActingFrom {
 public:
  explicit ActingFrom(std::string origin);
  ~ActingFrom();
  ActingFrom(const ActingFrom&) = delete;
  static const std::string& now();

 private:
  std::string former_;
};

}  // namespace gyre

#pragma once
// Sends every n-th file of an input that no module reads, as the desired twin's "gather" says, and removes the others:
// how a device gives pictures and sounds before there is a model. (For an input with a module, its keeper does this.)
#include <map>
#include <string>

#include "edge/edge_state.hpp"
#include "edge/outbox.hpp"

namespace gyre {

class Gatherer {
 public:
  Gatherer(EdgeState& state, Outbox& outbox) : state_(state), outbox_(outbox) {}
  void turn(const std::map<std::string, std::string>& inputs_with_modules);

 private:
  void gather(const std::string& input, std::int64_t every);
  EdgeState& state_;
  Outbox& outbox_;
  std::map<std::string, std::int64_t> seen_;
};

}  // namespace gyre

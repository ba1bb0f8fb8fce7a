#pragma once
// What may be tried: for each option of a step a distribution. Every distribution is a map from the unit interval, so
// that samplers only ever think about points of the unit cube.
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

enum class DistributionKind { choice, randint, uniform, loguniform, normal, lognormal };

struct Distribution {
  std::string option;
  DistributionKind kind = DistributionKind::uniform;
  json::array choices{};  // choice
  double a = 0, b = 1;    // bounds, or mean and deviation; of loguniform and lognormal: of the logarithm
  double quantum = 0;     // of the q-variants: values are multiples of it
  bool whole = false;     // the option takes whole numbers only

  json::value at(double unit) const;           // 0 <= unit < 1
  std::size_t levels() const;                  // how many different values; 0: no end of them
  double level_unit(std::size_t level) const;  // the middle of a level's part of the unit interval
  bool categorical() const { return kind == DistributionKind::choice; }
};

class Space {
 public:
  // {"learning-rate": {"loguniform": [-7, -1]}, "leaves": {"choice": [15, 31]}, "bins": "quniform(15, 255, 8)"}.
  // `where` names the place in what goes wrong.
  static Space from_json(const json::value& search, std::string_view where);

  const std::vector<Distribution>& distributions() const { return distributions_; }
  std::vector<Distribution>& distributions() { return distributions_; }
  std::size_t size() const { return distributions_.size(); }
  json::object at(std::span<const double> point) const;  // option -> value
  std::size_t points() const;                            // of the whole grid; 0: no end of them

 private:
  std::vector<Distribution> distributions_;
};

}  // namespace gyre

#pragma once
// Principal components in place of the features: few directions along which rows differ most.
#include <string>
#include <vector>

#include "learn/matrix.hpp"
#include "model/graph.hpp"

namespace gyre {

inline constexpr std::size_t most_features_for_components = 4000;

class Components {
 public:
  Components() = default;  // none: features stay
  // Fewer where there are not so many directions. Error{invalid} beyond `most_features_for_components`.
  Components(const Matrix& features, std::size_t count);

  bool any() const { return !mean_.empty(); }
  std::vector<Feature> features() const;
  Matrix of(const Matrix& features) const;
  std::string export_to(GraphBuilder& graph, const std::string& features) const;

 private:
  std::size_t count() const { return along_.size() / mean_.size(); }
  std::vector<double> mean_, along_;  // [components][features]
};

}  // namespace gyre

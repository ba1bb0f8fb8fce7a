#include "learn/features/components.hpp"

#include "base/error.hpp"
#include "learn/unsupervised/directions.hpp"

namespace gyre {

Components::Components(const Matrix& features, std::size_t count) {
  std::size_t width = features.columns;
  if (width > most_features_for_components)
    throw Error(Code::invalid, "principal components of " + std::to_string(width) + " features would take too long",
                "leave columns out: `gyre table choose` keeps those that tell most; at most " +
                    std::to_string(most_features_for_components));
  mean_ = mean_row(features);
  auto found = largest_directions(covariance_of(features, mean_, 1), width, std::min(count, width));
  along_ = std::move(found.vectors);
}

std::vector<Feature> Components::features() const {
  std::vector<Feature> list;
  for (std::size_t c = 0; c < count(); c++) list.push_back({"component " + std::to_string(c + 1)});
  return list;
}

Matrix Components::of(const Matrix& features) const {
  std::size_t width = mean_.size();
  Matrix result(features.rows, count());
  result.features = this->features();
  std::vector<double> centred(width);
  for (std::size_t i = 0; i < features.rows; i++) {
    auto row = features.row(i);
    for (std::size_t f = 0; f < width; f++) centred[f] = double{row[f]} - mean_[f];
    for (std::size_t c = 0; c < count(); c++) {
      double sum = 0;
      for (std::size_t f = 0; f < width; f++) sum += centred[f] * along_[c * width + f];
      result.row(i)[c] = static_cast<float>(sum);
    }
  }
  return result;
}

// In doubles, as above.
std::string Components::export_to(GraphBuilder& graph, const std::string& features) const {
  auto width = static_cast<std::int64_t>(mean_.size()), columns = static_cast<std::int64_t>(count());
  Tensor mean = Tensor::zeros(DataType::f64, {1, width}), along = Tensor::zeros(DataType::f64, {width, columns});
  std::copy(mean_.begin(), mean_.end(), mean.as<double>().begin());
  for (std::size_t c = 0; c < count(); c++)
    for (std::size_t f = 0; f < mean_.size(); f++) along.as<double>()[f * count() + c] = along_[c * mean_.size() + f];
  auto wide = graph.node("Cast", {features}, {{"to", std::int64_t{11}}});
  auto sums = graph.node("MatMul", {graph.node("Sub", {wide, graph.constant(mean)}), graph.constant(along)});
  return graph.node("Cast", {sums}, {{"to", std::int64_t{1}}});
}

}  // namespace gyre

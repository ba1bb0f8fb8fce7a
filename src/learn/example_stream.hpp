#pragma once
// Examples that come block by block: they need not lie in memory. Learners that go over them like this take tables of
// any length.
#include <functional>
#include <vector>

#include "learn/matrix.hpp"

namespace gyre {

class ExampleStream {
 public:
  virtual ~ExampleStream() = default;
  virtual const std::vector<double>& targets() const = 0;  // of every row: labels' places, or numbers
  virtual const std::vector<double>& weights() const = 0;  // empty: all alike
  std::size_t rows() const { return targets().size(); }
  double weight(std::size_t row) const { return weights().empty() ? 1 : weights()[row]; }
  // Rows spread over all, for what needs to see many at once.
  virtual const Matrix& sample() const = 0;
  // Every row, in order; `first` is the place of a block's first one. Comes from another thread, one call at a time.
  using Take = std::function<void(const Matrix& block, std::size_t first)>;
  virtual void each(const Take& take) = 0;
  // Many passes follow: from now on none of them costs much.
  virtual void expect_many_passes() {}
};

// Of examples that do lie in memory.
class ExamplesInMemory final : public ExampleStream {
 public:
  ExamplesInMemory(const Matrix& features, std::vector<double> targets, std::vector<double> weights)
      : features_(features), targets_(std::move(targets)), weights_(std::move(weights)) {}
  const std::vector<double>& targets() const override { return targets_; }
  const std::vector<double>& weights() const override { return weights_; }
  const Matrix& sample() const override { return features_; }
  void each(const Take& take) override { take(features_, 0); }

 private:
  const Matrix& features_;
  std::vector<double> targets_, weights_;
};

}  // namespace gyre

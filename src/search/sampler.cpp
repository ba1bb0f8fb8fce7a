#include "search/sampler.hpp"

#include <cmath>

#include "base/error.hpp"
#include "base/random.hpp"

namespace gyre {

std::vector<double> uniform_point(const Space& space, std::uint64_t seed, std::size_t number) {
  Random random = Random(seed).split(number);
  std::vector<double> point(space.size());
  for (auto& coordinate : point) coordinate = random.uniform();
  return point;
}

namespace {

class RandomSampler : public Sampler {
 public:
  RandomSampler(const Space& space, std::uint64_t seed) : space_(space), seed_(seed) {}
  std::optional<std::vector<double>> propose(std::size_t number, const std::vector<Tried>&) const override {
    return uniform_point(space_, seed_, number);
  }

 private:
  const Space& space_;
  std::uint64_t seed_;
};

class GridSampler : public Sampler {
 public:
  explicit GridSampler(const Space& space) : space_(space) {
    for (auto& distribution : space.distributions())
      if (distribution.levels() == 0)
        throw Error(Code::invalid, "a grid has no end over \"" + distribution.option + "\"",
                    "give it as choice: [...] or take another sampler");
  }
  std::optional<std::vector<double>> propose(std::size_t number, const std::vector<Tried>&) const override {
    if (number >= space_.points()) return {};
    std::vector<double> point;
    for (auto& distribution : space_.distributions()) {
      point.push_back(distribution.level_unit(number % distribution.levels()));
      number /= distribution.levels();
    }
    return point;
  }

 private:
  const Space& space_;
};

// Sobol's sequence with the direction numbers of Joe and Kuo, shifted digitally by the seed.
class SobolSampler : public Sampler {
 public:
  SobolSampler(const Space& space, std::uint64_t seed) {
    if (space.size() > std::size(polynomials) + 1)
      throw Error(Code::invalid,
                  "the sobol sampler takes at most " + std::to_string(std::size(polynomials) + 1) + " options",
                  "take the random sampler");
    Random random(seed);
    for (std::size_t i = 0; i < space.size(); i++) {
      directions_.push_back(directions_of(i));
      shifts_.push_back(static_cast<std::uint32_t>(random.bits() >> 32));
    }
  }
  std::optional<std::vector<double>> propose(std::size_t number, const std::vector<Tried>&) const override {
    std::vector<double> point;
    std::size_t gray = number ^ (number >> 1);
    for (std::size_t i = 0; i < directions_.size(); i++) {
      std::uint32_t bits = shifts_[i];
      for (std::size_t k = 0; k < 32; k++)
        if (gray >> k & 1) bits ^= directions_[i][k];
      point.push_back(bits * 0x1p-32);
    }
    return point;
  }

 private:
  struct Polynomial {
    std::uint32_t degree, coefficients;
    std::uint32_t initial[7];
  };
  static constexpr Polynomial polynomials[] = {
      {1, 0, {1}},
      {2, 1, {1, 3}},
      {3, 1, {1, 3, 1}},
      {3, 2, {1, 1, 1}},
      {4, 1, {1, 1, 3, 3}},
      {4, 4, {1, 3, 5, 13}},
      {5, 2, {1, 1, 5, 5, 17}},
      {5, 4, {1, 1, 5, 5, 5}},
      {5, 7, {1, 1, 7, 11, 19}},
      {5, 11, {1, 1, 5, 1, 1}},
      {5, 13, {1, 1, 1, 3, 11}},
      {5, 14, {1, 3, 5, 5, 31}},
      {6, 1, {1, 3, 3, 9, 7, 49}},
      {6, 13, {1, 1, 1, 15, 21, 21}},
      {6, 16, {1, 3, 1, 13, 27, 49}},
      {6, 19, {1, 1, 1, 15, 7, 5}},
      {6, 22, {1, 3, 1, 15, 13, 25}},
      {6, 25, {1, 1, 5, 5, 19, 61}},
      {7, 1, {1, 3, 7, 11, 23, 15, 103}},
      {7, 4, {1, 3, 7, 13, 13, 15, 69}},
  };
  static std::vector<std::uint32_t> directions_of(std::size_t dimension) {
    std::vector<std::uint32_t> v(32);
    if (dimension == 0) {  // van der Corput
      for (std::size_t k = 0; k < 32; k++) v[k] = 1u << (31 - k);
      return v;
    }
    const Polynomial& polynomial = polynomials[dimension - 1];
    std::size_t s = polynomial.degree;
    for (std::size_t k = 0; k < 32; k++) {
      if (k < s) {
        v[k] = polynomial.initial[k] << (31 - k);
        continue;
      }
      v[k] = v[k - s] ^ (v[k - s] >> s);
      for (std::size_t j = 1; j < s; j++)
        if (polynomial.coefficients >> (s - 1 - j) & 1) v[k] ^= v[k - j];
    }
    return v;
  }
  std::vector<std::vector<std::uint32_t>> directions_;
  std::vector<std::uint32_t> shifts_;
};

}  // namespace

std::unique_ptr<Sampler> make_sampler(const std::string& name, const Space& space, std::uint64_t seed) {
  if (name == "random") return std::make_unique<RandomSampler>(space, seed);
  if (name == "sobol") return std::make_unique<SobolSampler>(space, seed);
  if (name == "grid") return std::make_unique<GridSampler>(space);
  if (name == "tpe") return make_tpe(space, seed);
  if (name == "bayesian") return make_gaussian_process(space, seed);
  throw Error(Code::invalid, "there is no sampler \"" + name + "\"", "known are random, sobol, grid, tpe, bayesian");
}

}  // namespace gyre

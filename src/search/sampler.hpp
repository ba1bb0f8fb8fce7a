#pragma once
// Which point of the unit cube to try next. A sampler keeps nothing: what it proposes follows from the seed, the
// trial's number and the trials so far, so a sweep that was killed goes on as if it had not been.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/space.hpp"

namespace gyre {

struct Tried {
  std::vector<double> point;
  std::optional<double> value;  // the higher the better; nothing: it runs still or it failed
};

class Sampler {
 public:
  virtual ~Sampler() = default;
  // The point of trial `number` (from 0); nothing when all there is was tried.
  virtual std::optional<std::vector<double>> propose(std::size_t number, const std::vector<Tried>& tried) const = 0;
};

// random | sobol | grid | tpe | bayesian (a Gaussian process).
std::unique_ptr<Sampler> make_sampler(const std::string& name, const Space& space, std::uint64_t seed);

// By file, for make_sampler.
std::unique_ptr<Sampler> make_tpe(const Space& space, std::uint64_t seed);
std::unique_ptr<Sampler> make_gaussian_process(const Space& space, std::uint64_t seed);
std::vector<double> uniform_point(const Space& space, std::uint64_t seed, std::size_t number);

}  // namespace gyre

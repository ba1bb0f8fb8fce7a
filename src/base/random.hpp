#pragma once
// Random numbers that are the same on every machine and compiler (the standard's distributions are not): xoshiro256**.
#include <cmath>
#include <cstdint>

namespace gyre {

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) {  // splitmix64
      seed += 0x9e3779b97f4a7c15u;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
      word = z ^ (z >> 31);
    }
  }
  // An independent stream for a part of the work: the same whatever else draws.
  Random split(std::uint64_t label) const {
    return Random(state_[0] ^ (label * 0xd1342543de82ef95u + 0x2545f4914f6cdd1du));
  }
  std::uint64_t bits() {
    auto rotate = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
    std::uint64_t result = rotate(state_[1] * 5, 7) * 9, t = state_[1] << 17;
    state_[2] ^= state_[0], state_[3] ^= state_[1], state_[1] ^= state_[2], state_[0] ^= state_[3];
    state_[2] ^= t, state_[3] = rotate(state_[3], 45);
    return result;
  }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }  // [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  std::uint64_t below(std::uint64_t n) { return n ? bits() % n : 0; }
  bool chance(double p) { return uniform() < p; }
  double normal(double mean = 0, double deviation = 1) {  // Box-Muller, one of the pair
    double u = 1 - uniform(), v = uniform();
    return mean + deviation * std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
  }
  template <class Items>
  void shuffle(Items& items) {
    for (std::size_t i = items.size(); i > 1; i--) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_[4];
};

}  // namespace gyre

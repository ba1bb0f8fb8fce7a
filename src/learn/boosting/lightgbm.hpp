#pragma once
// LightGBM by its C interface: loaded when first used, its handles owned, its errors Errors.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "learn/boosting/trees.hpp"

namespace gyre {

// What the parameters of LightGBM itself are: "objective" -> "binary" ...
using BoosterParameters = std::map<std::string, std::string>;

class BoosterData {
 public:
  // `reference`: bins are cut like that one's (for data that checks).
  BoosterData(const Examples& examples, const BoosterParameters& parameters, const BoosterData* reference = nullptr);
  // Never whole in memory but for its bins, a byte for a cell: those are cut by a sample.
  BoosterData(ExampleStream& examples, const BoosterParameters& parameters, const BoosterData* reference = nullptr);
  ~BoosterData();
  BoosterData(BoosterData&&) noexcept;
  void* handle() const { return handle_; }

 private:
  void cut_bins(const ExampleStream& examples, const std::string& parameters);
  void* handle_ = nullptr;
};

class Booster {
 public:
  Booster(const BoosterData& data, const BoosterParameters& parameters);
  ~Booster();
  Booster(const Booster&) = delete;
  void check_with(const BoosterData& data);
  bool update();                                           // one more round; false: no split was found, it is done
  std::vector<double> evaluate();                          // the metrics on what it is checked with
  std::vector<double> check_answers(std::size_t outputs);  // to that: [rows][outputs]
  std::string text(int rounds) const;                      // the model, the first rounds of it; all when < 0

 private:
  void* handle_ = nullptr;
};

std::string parameter_text(const BoosterParameters& parameters);

// Reads the text that LightGBM saves.
TreeEnsemble trees_from_text(const std::string& text, std::size_t features, std::size_t outputs, Link link);

}  // namespace gyre

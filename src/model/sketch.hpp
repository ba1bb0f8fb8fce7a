#pragma once
// A small sketch of what a module saw and answered: counts of labels, histograms of confidence, score and simple
// features of the inputs. Devices make them, servers merge and compare them; the inputs themselves stay where they are.
// Wire form: docs/formats/sketch.md.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/predict.hpp"

namespace gyre {

// Counts of values in bins that grow with the value (2 % wide), so that any two can be merged and compared whatever the
// feature's range. Value and sign of about 1e-9 to 1e12 are told apart; what is nearer to zero is zero.
class Histogram {
 public:
  void add(double value);  // what is no number is counted as missing
  void merge(const Histogram& other);
  std::int64_t count() const { return count_; }
  std::int64_t missing() const { return missing_; }
  double mean() const { return count_ ? sum_ / double(count_) : 0; }
  double deviation() const;
  const std::map<int, std::int64_t>& bins() const { return bins_; }  // bin -> count, ordered as the values are
  json::object to_json() const;
  static Histogram from_json(const json::value& value);

 private:
  std::int64_t count_ = 0, missing_ = 0;
  double sum_ = 0, squares_ = 0;
  std::map<int, std::int64_t> bins_;
};

struct Sketch {
  std::int64_t count = 0;  // answers
  std::int64_t alarms = 0;
  std::map<std::string, std::int64_t> labels;
  std::map<std::string, Histogram> features;  // "confidence", "score", "value", and the inputs': features_of()

  // One answered input: `input` as Predictor::to_tensor gave it.
  void add(const Signature& signature, const Tensor& input, const Answer& answer);
  void merge(const Sketch& other);
  json::object to_json() const;
  static Sketch from_json(const json::value& value);  // Error{invalid} when it is none
};

// image: brightness, contrast, red, green, blue, sharpness (0 .. 1); sound: level (dB below full scale), frequency (Hz,
// root mean square), crest; series: "<column>.mean", "<column>.deviation", "<column>.missing" (share).
std::map<std::string, double> features_of(const Signature& signature, const Tensor& input);

enum class DriftLevel { unknown, none, some, large };  // unknown: too few answers to tell
std::string_view name_of(DriftLevel level);

struct FeatureDrift {
  std::string feature;         // "labels" is the mix of answers: told, but no drift of the inputs by itself
  double psi = 0;              // population stability index over the reference's tenths
  double jensen_shannon = 0;   // distance, 0 .. 1, over the same
  double before = 0, now = 0;  // means
  DriftLevel level = DriftLevel::unknown;
  std::string words;  // "brightness fell from 0.52 to 0.21"
};

struct Drift {
  DriftLevel level = DriftLevel::unknown;
  std::string words;                   // one sentence with what moved most
  std::vector<FeatureDrift> features;  // the most moved first
  json::object to_json() const;
};

// PSI of equal distributions grows as samples get fewer: what chance alone explains raises no drift.
Drift drift(const Sketch& reference, const Sketch& current);

}  // namespace gyre

#pragma once
// The one way from a file that people have (JPEG, PNG, WAV, CSV) to an answer that people read. `gyre predict`, the
// container on the device and the step that validates all call this, one sample at a time on one thread: the same
// input gives the same answer, bit for bit.
#include <filesystem>
#include <string>
#include <vector>

#include "model/session.hpp"

namespace gyre {

struct Answer {
  std::string label;                  // classify
  double confidence = 0;              // of that label
  std::vector<float> probabilities;   // in the order of the signature's labels
  double score = 0;                   // anomaly, and classifiers that give one
  bool has_score = false;
  bool alarm = false;                 // score >= threshold
  double value = 0;                   // regress
  std::vector<std::string> notes;     // "resampled from 8000 Hz to 16000 Hz"
  json::object to_json(const Signature& signature) const;  // floats in shortest exact form
};

class Predictor {
 public:
  explicit Predictor(const std::filesystem::path& model);
  const Signature& signature() const { return signature_; }
  const Session& session() const { return session_; }
  // One sample's bytes as gathered: a picture, a sound, or CSV text with a header of the signature's columns.
  Answer predict(std::string_view bytes, std::string_view where) const;
  Tensor to_tensor(std::string_view bytes, std::string_view where, std::vector<std::string>* notes) const;
  Answer to_answer(const std::vector<Tensor>& outputs) const;
  // Runs the golden inputs: the largest difference from the golden answers.
  double check_golden() const;

 private:
  Session session_;
  Signature signature_;
};

}  // namespace gyre

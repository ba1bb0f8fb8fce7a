#pragma once
// The one way from a file that people have (JPEG, PNG, WAV, CSV) to an answer that people read. `gyre predict`, the
// container on the device and the step that validates all call this, one sample at a time on one thread: the same
// input gives the same answer, bit for bit.
#include <filesystem>
#include <string>
#include <vector>

#include "media/series.hpp"
#include "model/session.hpp"

namespace gyre {

struct Answer {
  std::string label;                 // classify
  double confidence = 0;             // of that label
  std::vector<float> probabilities;  // in the order of the signature's labels
  double score = 0;                  // anomaly, and classifiers that give one
  bool has_score = false;
  bool alarm = false;                                      // score >= threshold
  double value = 0;                                        // regress
  std::vector<float> forecast;                             // forecast: the next steps
  json::object outputs;                                    // tensors: each output's values, nested as its shape is
  std::vector<std::string> notes;                          // "resampled from 8000 Hz to 16000 Hz"
  json::object to_json(const Signature& signature) const;  // floats in shortest exact form
};

class Predictor {
 public:
  explicit Predictor(const std::filesystem::path& model);
  const Signature& signature() const { return signature_; }
  const Session& session() const { return session_; }
  // One sample's bytes as gathered: a picture, a sound, or CSV text whose header has the
  // signature's columns. A longer series: its last steps; a shorter one: as if readings were missing before it.
  Answer predict(std::string_view bytes, std::string_view where) const;
  Answer predict(const std::vector<Tensor>& inputs, std::string_view where) const;  // of to_tensors()
  // Each row of a table (CSV or JSON), for a model that takes one.
  std::vector<Answer> predict_rows(std::string_view bytes, std::string_view where) const;
  Tensor to_tensor(std::string_view bytes, std::string_view where, std::vector<std::string>* notes) const;
  // Of models that take rows or tensors too.
  std::vector<Tensor> to_tensors(std::string_view bytes, std::string_view where, std::vector<std::string>* notes) const;
  Answer to_answer(const std::vector<Tensor>& outputs) const;
  // Runs the golden inputs: the largest difference from the golden answers. It is right up to golden_tolerance().
  double check_golden() const;
  double golden_tolerance() const;

 private:
  Session session_;
  Signature signature_;
};

// What predict() is made of, for those who run the model in their own way. Error{invalid} names the model's file when
// it does not say what it takes and gives, or says what is not so.
Signature checked_signature(const std::map<std::string, std::string>& metadata, const std::vector<TensorInfo>& inputs,
                            const std::vector<TensorInfo>& outputs, const std::filesystem::path& model);
std::vector<Tensor> sample_tensors(const Signature& signature, const std::vector<TensorInfo>& inputs,
                                   std::string_view bytes, std::string_view where, std::vector<std::string>* notes);
Tensor sample_tensor(const Signature& signature, std::string_view bytes, std::string_view where,
                     std::vector<std::string>* notes);
Answer answer_from(const Signature& signature, const std::vector<TensorInfo>& infos,
                   const std::vector<Tensor>& outputs);

// The window of the signature's steps and columns that ends before row `end`; NaN for what lies before the first row.
Tensor series_tensor(const Series& series, const Signature& signature, std::size_t end, std::string_view where);

}  // namespace gyre

#pragma once
// A model's answers on the samples of a data set, and what they say about it.
#include <functional>

#include "base/step.hpp"
#include "data/dataset.hpp"
#include "learn/metrics.hpp"
#include "model/predict.hpp"

namespace gyre {

struct Answered {
  const Sample* sample = nullptr;
  Tensor input;  // as the model took it
  Answer answer;
  double milliseconds = 0;  // from the file's bytes to the answer
};

// Answers every sample, on `threads` threads, and hands them over in the data set's order. Stops early when asked to:
// Error{cancelled}, for half an evaluation is none.
void answer_all(const Predictor& predictor, const Dataset& data, StepContext& context, std::string_view what,
                const std::function<void(Answered&)>& take);

// The sides that a classifier is judged by. Labels of the data that the model does not know are wrong answers by
// necessity; they are counted beside the model's own.
struct Classified {
  Classified(const Signature& signature, const Dataset& data);
  void add(const Sample& truth, const Answer& answer);
  json::object report() const;  // {"accuracy","macro_f1","classes","confusion","log_loss","samples","unknown_labels"?}

  Confusion confusion;
  std::vector<std::string> unknown;  // labels of the data that the model does not have

 private:
  std::size_t class_of(const std::string& label) const;
  double loss_ = 0;
};

}  // namespace gyre

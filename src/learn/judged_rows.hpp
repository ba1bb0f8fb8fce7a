#pragma once
// Rows of a table whose truth is known, and what a model's file answers to them.
#include "base/step.hpp"
#include "learn/table_model.hpp"
#include "model/predict.hpp"

namespace gyre {

struct JudgedBy {
  std::string target;
  std::string part = "hold";  // hold | train | all
  double hold = 0.2;
};
std::vector<Field> judged_by_fields();  // of options that are, or inherit, a JudgedBy

// The step's "table" in the types that the model's inputs need. Labels that the model does not know are behind its own.
// Error{unsupported} where it takes no rows.
Learnable rows_to_judge(const Predictor& predictor, const JudgedBy& by, StepContext& context);
// Row by row: a probability for each of the target's labels, or the number. A truth that the model does not know has a
// probability of 0: it is a wrong answer.
// `before` of `all` rows that the step answers were answered before these; 0: these are all.
std::vector<double> answers_to(const Predictor& predictor, const Table& table, const Target& target,
                               StepContext& context, std::size_t before = 0, std::size_t all = 0);

}  // namespace gyre

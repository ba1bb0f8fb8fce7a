#pragma once
// What AutoML makes large.
#include <span>
#include <string>

#include "learn/scores.hpp"
#include "learn/target.hpp"

namespace gyre {

class Objective {
 public:
  // "auto": the area under the ROC curve of two labels, log loss of more, RMSE of numbers. Else any score by name.
  Objective(const std::string& name, const Target& target);
  const std::string& name() const { return name_; }
  bool is_error() const { return is_error_; }  // shown as a positive number, the smaller the better
  // Answers may be cut elsewhere than at one half, and are judged at their best cut (search/auto/cut.hpp).
  bool moves_cut() const { return moves_cut_; }
  // It judges how sure answers are (search/auto/adjustment.hpp).
  bool wants_sharpness() const { return name_ == "log_loss"; }
  // The higher the better. `answers`: [rows][outputs].
  double score(std::span<const double> truth, std::span<const double> answers) const;
  double score_as_is(std::span<const double> truth, std::span<const double> answers) const;  // no cut is moved
  double shown(double score) const { return is_error_ ? -score : score; }

 private:
  std::string name_;
  Task task_;
  std::size_t classes_;
  bool is_error_, moves_cut_;
};

std::string five_digits(double value);  // as reports and people need

}  // namespace gyre

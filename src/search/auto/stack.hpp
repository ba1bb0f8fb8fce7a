#pragma once
// A second level: pipelines that see what others answer, beside a table's own columns or instead of them. They learn
// from answers to rows that the answering models did not see.
#include <memory>
#include <string>
#include <vector>

#include "search/auto/candidate.hpp"
#include "search/auto/ensemble_model.hpp"

namespace gyre {

class Stack {
 public:
  struct Base {
    Candidate candidate;
    std::vector<std::shared_ptr<const TablePipeline>> models;  // their mean answers
    std::vector<double> unseen;                                // answers to the training rows, [rows][outputs]
  };
  Stack(const Problem& problem, std::vector<Base> bases);

  const std::vector<Base>& bases() const { return bases_; }
  std::size_t most_models() const;  // of a base
  std::shared_ptr<const Stack> with_fewer(std::size_t most_models) const;
  Table training(const Table& table, Sees sees) const;
  Table with_answers(const Table& table, int threads) const;  // of any other rows
  // The answers as columns that `inputs` has.
  void export_to(GraphBuilder& graph, TableInputs& inputs) const;

 private:
  std::string column(std::size_t base, std::size_t output) const;
  void add_columns(Table& table, std::size_t base, std::span<const double> answers) const;
  Problem problem_;
  std::size_t outputs_, first_told_;  // of two labels the second tells all
  std::vector<Base> bases_;
  std::vector<EnsembleModel> means_;
};

// Pipelines of the second level with all that is below them: that answers once for all of them.
class StackedModel final : public TableModel {
 public:
  StackedModel(std::shared_ptr<const Stack> stack, EnsembleModel upper)
      : stack_(std::move(stack)), upper_(std::move(upper)) {}
  std::vector<double> predict(const Table& table, int threads) const override {
    return upper_.predict(stack_->with_answers(table, threads), threads);
  }
  std::string export_to(GraphBuilder& graph, TableInputs& inputs) const override;

 private:
  std::shared_ptr<const Stack> stack_;
  EnsembleModel upper_;
};

}  // namespace gyre

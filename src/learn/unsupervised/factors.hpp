#pragma once
// Ratings told by factors: each user and each item is a row of a few numbers, and how they go together is a rating.
// Found by alternating least squares: with the items' numbers known the users' are a regression, and the other way.
#include "learn/unsupervised/row_model.hpp"

namespace gyre {

struct Ratings {
  std::string user_column, item_column;
  std::vector<std::string> users, items;
  std::vector<std::uint32_t> user, item;  // of each rating: places in those
  std::vector<double> value;
  std::size_t count() const { return value.size(); }
};
// Rows that lack a cell are left out, and it is said. Error{invalid} for a rating that is no number, or none at all.
Ratings ratings_from(const Table& table, const std::string& user, const std::string& item, const std::string& rating,
                     std::vector<std::string>& findings);

struct FactorPlan {
  std::size_t factors = 16;
  double penalty = 0.08;  // for each rating of a user or item
  std::size_t rounds = 20;
  bool clip = true;  // to the lowest and highest rating seen
  std::uint64_t seed = 1;
  int threads = 1;
};

// Gives "value". A user or item that was never seen is taken for the mean of all.
class FactorModel final : public RowModel {
 public:
  FactorModel(const Ratings& ratings, const FactorPlan& plan);
  std::vector<RowAnswer> export_to(GraphBuilder& graph, TableInputs& inputs) const override;
  std::vector<std::vector<double>> answers(const Table& table, int threads) const override;
  double mean() const { return mean_; }
  std::size_t rounds() const { return rounds_; }

 private:
  struct Side {
    std::string column;
    std::vector<std::string> names;
    std::vector<double> factors;  // [names + 1][factors]; the last: never seen
    std::vector<double> bias;     // [names + 1]
  };
  void fit(Side& side, const Side& other, const std::vector<std::vector<std::uint32_t>>& of,
           const std::vector<std::uint32_t>& others, const Ratings& ratings) const;
  double rmse_of(const Ratings& ratings) const;
  double value(std::size_t user, std::size_t item) const;
  FactorPlan plan_;
  Side users_, items_;
  double mean_ = 0, least_ = 0, most_ = 0;
  std::size_t rounds_ = 0;
};

// Mean over users of nDCG@n of their ratings, ranked by what a model says: the number of scikit-learn's ndcg_score,
// with ratings as gains (from the lowest one, where that is negative). Users with one rating say nothing. NaN: nobody
// did.
double mean_ndcg(const std::vector<std::uint32_t>& users, const std::vector<double>& ratings,
                 const std::vector<double>& predicted, std::size_t n);

// {"rmse","mae","ndcg","users_judged"} of ratings and what a model said of each.
json::object rating_scores(const Ratings& ratings, const std::vector<double>& predicted, std::size_t n);

}  // namespace gyre

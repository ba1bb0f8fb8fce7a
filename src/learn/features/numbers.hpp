#pragma once
// Numbers and dates: holes filled, sizes made alike.
#include "learn/date.hpp"
#include "learn/featurise.hpp"

namespace gyre {

float narrowed(double value);  // as the graph gets it; one beyond the floats is a hole

// Moves and scales what comes out of number columns and dates; a hole becomes `fill` before that, or stays.
struct NumberRule {
  float fill = 0;
  bool keep_holes = false;
  float move = 0, factor = 1;
  float operator()(float value) const;
};
// "mean", "median", "zero", "keep"; "standard", "min-max", "robust", "none". With a `target` what comes out is
// multiplied by how much of it goes with the values.
NumberRule number_rule(const std::vector<float>& cells, const std::string& fill, const std::string& scale,
                       const Target* target = nullptr);
// The same on all columns of a value at once.
std::string export_rules(GraphBuilder& graph, const std::string& values, const std::vector<NumberRule>& rules);

class NumberBlock final : public FeatureBlock {
 public:
  // `target`: of --scale relevance, else nullptr.
  NumberBlock(const Table& table, std::vector<std::string> columns, const std::string& fill, const std::string& scale,
              const Target* target);
  std::vector<Feature> features() const override;
  void write(const Table& table, Matrix& to, std::size_t place) const override;
  std::string export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const override;

 private:
  std::vector<std::string> columns_;
  std::vector<NumberRule> rules_;
};

// A date's year, month, day, weekday, hour and days since 1970: those that differ between rows.
class DateBlock final : public FeatureBlock {
 public:
  DateBlock(const Table& table, std::string column, const std::string& fill, const std::string& scale);
  std::vector<Feature> features() const override;
  void write(const Table& table, Matrix& to, std::size_t place) const override;
  std::string export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const override;
  DateOrder order() const { return order_; }

 private:
  std::string column_;
  DateOrder order_;
  std::vector<std::size_t> parts_;
  std::vector<NumberRule> rules_;
};

}  // namespace gyre

#include "learn/forecast/tree_form.hpp"

#include <algorithm>

namespace gyre {

using Integers = std::vector<std::int64_t>;

// How many steps before the window's end the value lies that is whole cycles before a step ahead.
static std::size_t cycles_back(std::size_t ahead, std::size_t cycle) {
  return (ahead + cycle - 1) / cycle * cycle - ahead;
}

static std::int64_t place_in(std::int64_t step, std::size_t cycle) {
  auto whole = static_cast<std::int64_t>(cycle);
  return ((step % whole) + whole) % whole;
}

std::size_t TreeForm::features() const {
  std::size_t count = 1 + near + covariate_count;
  for (auto cycle : cycles) count += 1 + (cycle <= window);
  return count;
}

// Values go into the graph as floats: what a float cannot hold must not decide here, either.
static double as_float(double value) { return static_cast<float>(value); }

double TreeForm::level_of(std::span<const double> values) const {
  double sum = 0;
  for (double value : values.last(level)) sum += as_float(value);
  return sum / static_cast<double>(level);
}

Matrix TreeForm::rows(std::span<const double> values, std::span<const double> covariates, std::int64_t last) const {
  Matrix matrix(horizon, features());
  double base = level_of(values);
  auto before = [&](std::size_t back) { return static_cast<float>(as_float(values[values.size() - 1 - back]) - base); };
  for (std::size_t ahead = 1; ahead <= horizon; ahead++) {
    float* to = matrix.row(ahead - 1).data();
    *to++ = static_cast<float>(ahead);
    for (std::size_t i = 0; i < near; i++) *to++ = before(near - 1 - i);
    for (auto cycle : cycles) {
      *to++ = static_cast<float>(place_in(last + static_cast<std::int64_t>(ahead), cycle));
      if (cycle <= window) *to++ = before(cycles_back(ahead, cycle));
    }
    for (std::size_t c = 0; c < covariate_count; c++)
      *to++ = static_cast<float>(covariates[(ahead - 1) * covariate_count + c]);
  }
  return matrix;
}

std::vector<double> TreeForm::forecast(std::span<const double> values, std::span<const double> covariates,
                                       std::int64_t last) const {
  auto result = trees.predict(rows(values, covariates, last), 1);
  double base = level_of(values);
  for (double& value : result) value += base;
  return result;
}

std::string TreeForm::export_to(GraphBuilder& graph, const std::string& values, const std::string& covariates,
                                const std::string& last) const {
  auto count = static_cast<std::int64_t>(horizon), width = static_cast<std::int64_t>(window);
  auto shape = [&](Integers sizes) { return graph.constant(std::move(sizes)); };
  auto wide = graph.node("Cast", {values}, {{"to", std::int64_t{11}}});  // as here: in doubles, then narrowed once
  auto seen =
      graph.node("Slice", {wide, shape({width - static_cast<std::int64_t>(level)}), shape({width}), shape({1})});
  auto base = graph.node("ReduceMean", {seen}, {{"axes", Integers{1}}});
  auto narrow = graph.node("Cast", {graph.node("Sub", {wide, base})}, {{"to", std::int64_t{1}}});
  auto column = graph.node("Reshape", {narrow, shape({width, 1})});

  std::vector<float> steps;
  for (std::size_t ahead = 1; ahead <= horizon; ahead++) steps.push_back(static_cast<float>(ahead));
  auto ahead = graph.constant(Tensor::floats({count, 1}, steps));
  std::vector<std::string> features{ahead};
  auto last_values =
      graph.node("Slice", {narrow, shape({width - static_cast<std::int64_t>(near)}), shape({width}), shape({1})});
  features.push_back(graph.node("Expand", {last_values, shape({count, static_cast<std::int64_t>(near)})}));
  auto numbers =
      graph.node("Cast", {graph.node("Round", {graph.node("Add", {ahead, last})})}, {{"to", std::int64_t{7}}});
  for (auto cycle : cycles) {
    auto place = graph.node("Mod", {numbers, shape({static_cast<std::int64_t>(cycle)})});
    features.push_back(graph.node("Cast", {place}, {{"to", std::int64_t{1}}}));
    if (cycle > window) continue;
    Integers places;
    for (std::size_t h = 1; h <= horizon; h++)
      places.push_back(width - 1 - static_cast<std::int64_t>(cycles_back(h, cycle)));
    features.push_back(graph.node("Gather", {column, shape(std::move(places))}, {{"axis", std::int64_t{0}}}));
  }
  if (covariate_count) features.push_back(covariates);
  auto told = trees.export_to(graph, graph.node("Concat", features, {{"axis", std::int64_t{1}}}));
  auto flat = graph.node("Reshape", {told, shape({1, count})});
  return graph.node("Add", {flat, graph.node("Cast", {base}, {{"to", std::int64_t{1}}})});
}

}  // namespace gyre

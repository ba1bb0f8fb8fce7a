#include "learn/forecast/graph.hpp"

#include "model/graph.hpp"

namespace gyre {

namespace {

Tensor floats(std::vector<std::int64_t> shape, const std::vector<double>& values) {
  std::vector<float> narrow(values.begin(), values.end());
  return Tensor::floats(std::move(shape), narrow);
}

// The season's factors for a run of steps that begins `first` steps after the window's last row.
std::string factors(GraphBuilder& graph, const ForecastForm& form, const std::string& ahead, std::int64_t first,
                    std::size_t count) {
  std::vector<double> offsets;
  for (std::size_t i = 0; i < count; i++) offsets.push_back(double(first + std::int64_t(i)));
  auto steps = graph.node("Add", {ahead, graph.constant(floats({std::int64_t(count)}, offsets))});
  auto whole = graph.node("Cast", {graph.node("Round", {steps})}, {{"to", std::int64_t{7}}});
  auto season = graph.constant(std::vector<std::int64_t>{std::int64_t(form.factors.size())});
  auto phase = graph.node("Mod", {whole, season});
  return graph.node("Gather", {"factors", phase});
}

// Weights times what was seen, its season taken out and put back.
std::string linear(GraphBuilder& graph, const ForecastForm& form, std::string values, const std::string& covariates,
                   const std::string& ahead) {
  bool added = form.season == ForecastForm::Season::added;
  if (form.season != ForecastForm::Season::none) {
    graph.constant(floats({std::int64_t(form.factors.size())}, form.factors), "factors");
    values = graph.node(added ? "Sub" : "Div",
                        {values, factors(graph, form, ahead, 1 - std::int64_t(form.window), form.window)});
  }

  std::vector<std::string> inputs{values};
  if (!covariates.empty()) inputs.push_back(covariates);
  float one = 1;
  inputs.push_back(graph.constant(Tensor::floats({1, 1}, std::span(&one, 1))));
  inputs.push_back(ahead);
  if (!form.frequencies.empty()) {
    auto frequencies =
        graph.constant(floats({1, std::int64_t(form.frequencies.size())}, form.frequencies), "frequencies");
    auto angles = graph.node("Mul", {ahead, frequencies});
    inputs.push_back(graph.node("Sin", {angles}));
    inputs.push_back(graph.node("Cos", {angles}));
  }
  auto all = graph.node("Concat", inputs, {{"axis", std::int64_t{1}}});
  auto weights =
      graph.constant(floats({std::int64_t(form.inputs()), std::int64_t(form.horizon)}, form.weights), "weights");
  auto forecast = graph.node("MatMul", {all, weights});
  if (form.season != ForecastForm::Season::none)
    forecast = graph.node(added ? "Add" : "Mul", {forecast, factors(graph, form, ahead, 1, form.horizon)});
  return forecast;
}

std::int64_t rows_of(const ForecastForm& form, const ForecastGraph& about) {
  return std::int64_t(form.window + (about.covariates.empty() ? 0 : form.horizon));
}

Signature signature_of(const ForecastForm& form, const ForecastGraph& about) {
  Signature signature{.takes = "series", .samples = rows_of(form, about), .task = "forecast", .about = about.about};
  signature.columns = {about.target};
  signature.columns.insert(signature.columns.end(), about.covariates.begin(), about.covariates.end());
  signature.columns.push_back("step");
  return signature;
}

}  // namespace

std::string ForecastGraphs::graph(const ForecastForm& form, const ForecastGraph& about, const json::value& lineage,
                                  const std::string& golden) {
  if (form.trees) return forecast_graph(form, about, lineage, golden);  // no two trees are alike
  std::string shape = shape_of(form);
  auto known = of_shape_.find(shape);
  if (known == of_shape_.end())
    known = of_shape_.emplace(shape, GraphTemplate(forecast_graph(form, about, lineage))).first;
  auto& graph = known->second;
  graph.set("last_step", {double(about.last_step)});
  graph.set("weights", form.weights);
  if (form.season != ForecastForm::Season::none) graph.set("factors", form.factors);
  if (!form.frequencies.empty()) graph.set("frequencies", form.frequencies);
  graph.describe(signature_of(form, about));
  if (!golden.empty()) graph.metadata("gyre.golden", golden);
  return graph.finish();
}

std::string shape_of(const ForecastForm& form) {
  std::string text;
  if (form.trees)
    for (auto cycle : form.trees->cycles) text += "trees " + std::to_string(cycle) + " ";
  for (auto size : {form.window, form.horizon, form.covariate_count, std::size_t(form.season), form.factors.size(),
                    form.frequencies.size()})
    text += std::to_string(size) + " ";
  return text;
}

std::string forecast_graph(const ForecastForm& form, const ForecastGraph& about, const json::value& lineage,
                           const std::string& golden) {
  GraphBuilder graph("forecast");
  auto window = std::int64_t(form.window), horizon = std::int64_t(form.horizon);
  auto width = std::int64_t(about.covariates.size()) + 2;
  std::int64_t rows = rows_of(form, about);
  auto series = graph.input("series", DataType::f32, {1, rows, width});

  auto flat = graph.node("Reshape", {series, graph.constant(std::vector<std::int64_t>{rows, width})});
  auto part = [&](std::int64_t first_row, std::int64_t end_row, std::int64_t first, std::int64_t end) {
    auto from = graph.constant(std::vector<std::int64_t>{first_row, first});
    auto to = graph.constant(std::vector<std::int64_t>{end_row, end});
    auto cut = graph.node("Slice", {flat, from, to});
    auto count = (end_row - first_row) * (end - first);
    return graph.node("Reshape", {cut, graph.constant(std::vector<std::int64_t>{1, count})});
  };
  auto step = part(window - 1, window, width - 1, width);
  auto ahead = graph.node("Sub", {step, graph.constant(floats({}, {double(about.last_step)}), "last_step")});
  auto values = part(0, window, 0, 1);
  std::string forecast;
  if (form.trees) {
    auto known = about.covariates.empty() ? "" : part(window, rows, 1, width - 1);
    if (!known.empty())
      known = graph.node("Reshape", {known, graph.constant(std::vector<std::int64_t>{horizon, width - 2})});
    forecast = form.trees->export_to(graph, values, known, ahead);
  } else {
    auto covariates = about.covariates.empty() ? "" : part(0, rows, 1, width - 1);
    forecast = linear(graph, form, values, covariates, ahead);
  }
  forecast = graph.node("Reshape", {forecast, graph.constant(std::vector<std::int64_t>{horizon})});
  graph.output(forecast, "forecast", DataType::f32, {horizon});

  graph.describe(signature_of(form, about), lineage);
  if (!golden.empty()) graph.metadata("gyre.golden", golden);
  return graph.finish();
}

}  // namespace gyre

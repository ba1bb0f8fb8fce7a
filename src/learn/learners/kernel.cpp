// Sums of bells around known rows: smooth answers of rows that are alike. The bells are brought to features of equal
// weight (Nystroem), over which the linear learner does the rest.
#include <cmath>

#include "learn/known_rows.hpp"
#include "learn/linear_model.hpp"
#include "learn/square_matrix.hpp"

namespace gyre {

extern const Learner learner_linear;

namespace {

struct Options {
  std::int64_t centres = 500;
  double reach = 1;
  double penalty = 0.1;
  std::int64_t iterations = 300;
};

class KernelModel final : public Fitted {
 public:
  // `weights`: [outputs][centres]; `narrowness`: what a squared distance is multiplied by.
  KernelModel(KnownRows centres, double narrowness, std::vector<double> weights, std::vector<double> biases, Link link)
      : centres_(std::move(centres)),
        narrowness_(narrowness),
        weights_(std::move(weights)),
        biases_(std::move(biases)),
        link_(link) {}

  std::vector<double> predict(const Matrix& matrix, int threads) const override {
    std::size_t outputs = biases_.size(), count = centres_.count();
    std::vector<double> sums(matrix.rows * outputs);
    for_rows(matrix.rows, threads, [&](std::size_t from, std::size_t to) {
      std::vector<double> bells(count);
      for (std::size_t i = from; i < to; i++) {
        centres_.square_distances(matrix.row(i), bells);
        for (double& bell : bells) bell = std::exp(-narrowness_ * bell);
        for (std::size_t o = 0; o < outputs; o++) {
          double sum = biases_[o];
          for (std::size_t c = 0; c < count; c++) sum += weights_[o * count + c] * bells[c];
          sums[i * outputs + o] = sum;
        }
      }
    });
    return linked(std::move(sums), outputs, link_);
  }

  // In doubles: large weights of alike bells all but cancel each other.
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    std::size_t outputs = biases_.size(), count = centres_.count();
    Tensor weights =
        Tensor::zeros(DataType::f64, {static_cast<std::int64_t>(count), static_cast<std::int64_t>(outputs)});
    Tensor biases = Tensor::zeros(DataType::f64, {1, static_cast<std::int64_t>(outputs)});
    Tensor narrowness = Tensor::zeros(DataType::f64, {1, 1});
    for (std::size_t o = 0; o < outputs; o++) {
      for (std::size_t c = 0; c < count; c++) weights.as<double>()[c * outputs + o] = weights_[o * count + c];
      biases.as<double>()[o] = biases_[o];
    }
    narrowness.as<double>()[0] = -narrowness_;
    std::string far = centres_.export_square_distances(graph, features);
    std::string bells = graph.node("Exp", {graph.node("Mul", {far, graph.constant(narrowness)})});
    std::string sums = graph.node("MatMul", {bells, graph.constant(weights)});
    sums = graph.node("Add", {sums, graph.constant(biases)});
    return export_link(graph, graph.node("Cast", {sums}, {{"to", std::int64_t{1}}}), link_);
  }
  json::object about() const override { return {{"centres", centres_.count()}}; }

 private:
  KnownRows centres_;
  double narrowness_;
  std::vector<double> weights_, biases_;
  Link link_;
};

// Half of the bells make no model.
void check_stop(const TrainingContext& context) {
  if (context.stop()) throw Error(Code::cancelled, "the kernel machine was stopped before its bells were ready");
}

// How far rows are apart: the mean of squared distances.
double spread_of(const KnownRows& rows) {
  std::vector<double> distances(rows.count());
  double sum = 0;
  for (std::size_t i = 0; i < rows.count(); i++) {
    rows.square_distances(rows.rows().row(i), distances);
    for (double distance : distances) sum += distance;
  }
  return std::max(1e-12, sum / static_cast<double>(rows.count() * rows.count()));
}

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext& context) {
  KnownRows centres(examples.features->take(
      KnownRows::draw(examples.rows(), static_cast<std::size_t>(options.centres), context.seed)));
  std::size_t count = centres.count();
  double narrowness = 1 / (options.reach * options.reach * spread_of(centres));
  auto bells = [&](std::span<const float> row, std::span<double> to) {
    centres.square_distances(row, to);
    for (double& one : to) one = std::exp(-narrowness * one);
  };
  SquareMatrix likeness(count);
  for (std::size_t i = 0; i < count; i++) {
    bells(centres.rows().row(i), std::span(likeness.values).subspan(i * count, count));
    likeness.at(i, i) += 1e-6;  // rows may be there twice
  }
  auto lower = cholesky(std::move(likeness));
  if (!lower) throw Error(Code::invalid, "the rows that bells stand on are too much alike", "fewer centres may help");
  check_stop(context);
  Matrix features(examples.rows(), count);
  features.features.resize(count);
  for_rows(examples.rows(), context.threads, [&](std::size_t from, std::size_t to) {
    std::vector<double> row(count);
    for (std::size_t i = from; i < to && !context.stop(); i++) {
      bells(examples.features->row(i), row);
      solve_lower(*lower, row);
      std::copy(row.begin(), row.end(), features.row(i).begin());
    }
  });
  check_stop(context);
  json::object linear = complete(
      learner_linear.fields, {{"penalty", options.penalty}, {"iterations", options.iterations}}, learner_linear.name);
  auto fitted = learner_linear.train(linear, problem, {&features, examples.targets, examples.weights}, context);
  auto& model = dynamic_cast<const LinearModel&>(*fitted);
  std::vector<double> weights = model.weights();
  for (std::size_t from = 0; from < weights.size(); from += count)  // back to weights of the bells themselves
    solve_upper(*lower, std::span(weights).subspan(from, count));
  return std::make_unique<KernelModel>(std::move(centres), narrowness, std::move(weights), model.biases(),
                                       model.link());
}

}  // namespace

extern const Learner learner_kernel;
const Learner learner_kernel = learner<Options>(
    {.name = "kernel",
     .title = "Kernel machine",
     .help = "Sums of bells around known rows: smooth answers, strong on small tables of numbers.",
     .tasks = {Task::classify, Task::regress},
     .wants = {.complete = true, .scaled = true},
     .fields = {field("centres", &Options::centres, "rows that bells stand on, drawn by chance where there are more",
                      {.min = 2, .max = 5000}),
                field("reach", &Options::reach, "width of a bell, beside the usual distance between rows",
                      {.min = 1e-3, .max = 1e3}),
                field("penalty", &Options::penalty, "on large weights, beside the sum of the rows' losses",
                      {.min = 1e-9, .max = 1e12}),
                field("iterations", &Options::iterations, "of the solver at most", {.min = 1, .max = 100000})}},
    train);

}  // namespace gyre

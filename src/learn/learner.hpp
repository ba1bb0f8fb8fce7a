#pragma once
// A learner is declared once, in one file src/learn/learners/<name>.cpp, with its options as a table of fields. The
// command line, tuning, AutoML and the reference page are read from that declaration.
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/field.hpp"
#include "learn/example_stream.hpp"
#include "learn/target.hpp"
#include "model/graph.hpp"

namespace gyre {

struct Examples {
  const Matrix* features = nullptr;
  std::span<const double> targets{};  // labels' places, or numbers
  std::span<const double> weights{};  // empty: all alike
  std::size_t rows() const { return features->rows; }
  double weight(std::size_t row) const { return weights.empty() ? 1 : weights[row]; }
};

// What a training answered, after each of its rounds, to the rows that decide when it stops. It stops where those rows
// like it best: who judges it by the very same rows has to look at another round.
struct CheckTrace {
  std::vector<std::vector<float>> answers;  // of each round: [rows][outputs]
  std::size_t kept = 0;                     // rounds that the model was left with
};

struct TrainingContext {
  int threads = 1;
  std::uint64_t seed = 1;
  std::function<bool()> stop = [] { return false; };  // finish soon with the best so far
  Examples check{};                                   // decides when to stop; none: all rounds are made
  CheckTrace* trace = nullptr;                        // filled by what goes back to its best round
  bool has_check() const { return check.features != nullptr; }
};

class Fitted {
 public:
  virtual ~Fitted() = default;
  // [rows][outputs], row by row: a probability for each label, or one number.
  virtual std::vector<double> predict(const Matrix& features, int threads = 1) const = 0;
  // The same as nodes: from f32 [rows, features] to f32 [rows, outputs].
  virtual std::string export_to(GraphBuilder& graph, const std::string& features) const = 0;
  // Of each feature, how much the answers rest on it; empty where that cannot be said.
  virtual std::vector<double> importance() const { return {}; }
  virtual json::object about() const { return {}; }  // rounds, iterations: for the report
};

// What a learner's features must be like; the featuriser follows it.
struct Wants {
  bool complete = false;    // no holes
  bool scaled = false;      // alike in size
  bool categories = false;  // it takes numbers of categories as they are (Feature::categories)
  bool check = false;       // rows of its own decide when it stops
};

struct Problem {
  Task task = Task::regress;
  std::size_t classes = 0;  // of a classification
  std::size_t outputs() const { return task == Task::classify ? classes : 1; }
};

struct Learner {
  std::string name;  // words joined by '-', the file's name with '_'
  std::string title;
  std::string help;  // one sentence
  std::vector<Task> tasks;
  Wants wants;
  std::vector<Field> fields;
  std::function<std::unique_ptr<Fitted>(const json::object& options, const Problem& problem, const Examples& examples,
                                        const TrainingContext& context)>
      train;
  // The same from a stream; none where it has to see all rows at once. `check`: rows that decide when to stop, or
  // nullptr.
  std::function<std::unique_ptr<Fitted>(const json::object& options, const Problem& problem, ExampleStream& examples,
                                        ExampleStream* check, const TrainingContext& context)>
      train_stream{};
  bool can(Task task) const;
};

// The table that CMake writes from src/learn/learners/*.cpp (`extern const Learner learner_<file name>`).
std::span<const Learner* const> all_learners();
const Learner& get_learner(std::string_view name);  // Error{invalid} lists those there are

// "rounds=200", "rate=0.05" of a command line; checked and completed with defaults by the learner's fields.
json::object learner_options(const Learner& learner, const std::vector<std::string>& words);

template <class Options>
using Train = std::unique_ptr<Fitted> (*)(const Options&, const Problem&, const Examples&, const TrainingContext&);
template <class Options>
using TrainStream = std::unique_ptr<Fitted> (*)(const Options&, const Problem&, ExampleStream& examples,
                                                ExampleStream* check, const TrainingContext&);

template <class Options>
Learner learner(Learner about, Train<Options> train, TrainStream<Options> train_stream = nullptr) {
  about.train = [train, fields = about.fields, name = about.name](const json::object& values, const Problem& problem,
                                                                  const Examples& examples,
                                                                  const TrainingContext& context) {
    return train(from_fields<Options>(fields, values, name), problem, examples, context);
  };
  if (train_stream)
    about.train_stream = [train_stream, fields = about.fields, name = about.name](
                             const json::object& values, const Problem& problem, ExampleStream& examples,
                             ExampleStream* check, const TrainingContext& context) {
      return train_stream(from_fields<Options>(fields, values, name), problem, examples, check, context);
    };
  return about;
}

}  // namespace gyre

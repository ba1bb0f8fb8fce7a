#include "learn/large_table.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <unordered_map>

#include "base/random.hpp"
#include "learn/calibration.hpp"

namespace gyre {

std::size_t LargeTable::count(RowPart part) const {
  return static_cast<std::size_t>(std::count(parts.begin(), parts.end(), part));
}

void part_rows(LargeTable& table, double hold, double check, std::uint64_t seed) {
  auto& parts = table.parts;
  parts.assign(table.target.values.size(), RowPart::learn);
  if (hold > 0)  // by all columns: a validation finds the same rows
    table.stream.each([&](const Table& block, std::size_t first) {
      auto held = held_back_rows(block, hold);
      for (std::size_t i = 0; i < held.size(); i++)
        if (held[i]) parts[first + i] = RowPart::hold;
    });
  Random random(seed);
  for (std::size_t i = 0; i < parts.size(); i++) {
    bool checks = check > 0 && random.chance(check);
    if (std::isnan(table.target.values[i]))
      parts[i] = RowPart::none;
    else if (parts[i] == RowPart::learn && checks)
      parts[i] = RowPart::check;
  }
}

namespace {

// Features row by row in a file, read block by block.
class FeatureFile {
 public:
  explicit FeatureFile(const fs::path& scratch)
      : path_(scratch / "features"), file_(open_file(path_, O_RDWR | O_CREAT | O_TRUNC)) {
    fs::remove(path_);  // it has no name: it goes with the process, however that ends
  }
  void append(const Matrix& block) {
    auto* bytes = reinterpret_cast<const char*>(block.values.data());
    write_all(file_.get(), {bytes, block.values.size() * sizeof(float)}, path_);
    blocks_.push_back(block.rows);
    columns_ = block.columns, features_ = block.features;
  }
  void each(const ExampleStream::Take& take) const {
    std::size_t first = 0;
    for (auto rows : blocks_) {
      Matrix block(rows, columns_);
      block.features = features_;
      read(block, first);
      take(block, first);
      first += rows;
    }
  }

 private:
  void read(Matrix& block, std::size_t first) const {
    std::size_t size = block.values.size() * sizeof(float), done = 0;
    while (done < size) {
      auto got = ::pread(file_.get(), reinterpret_cast<char*>(block.values.data()) + done, size - done,
                         static_cast<off_t>(first * columns_ * sizeof(float) + done));
      if (got <= 0) throw Error(Code::internal, "cannot read " + path_.string(), "is the disk in order?");
      done += static_cast<std::size_t>(got);
    }
  }
  fs::path path_;
  FileHandle file_;
  std::vector<std::size_t> blocks_;  // their rows
  std::size_t columns_ = 0;
  std::vector<Feature> features_;
};

// The features of the rows of one part.
class PartStream final : public ExampleStream {
 public:
  PartStream(const LargeTable& table, const Featuriser& featuriser, RowPart part, Matrix sample,
             std::unordered_map<std::uint32_t, std::uint32_t> sampled, fs::path scratch)
      : table_(table),
        stream_(table.stream.only(featuriser.columns())),
        featuriser_(featuriser),
        part_(part),
        sample_(std::move(sample)),
        sampled_(std::move(sampled)),
        scratch_(std::move(scratch)) {
    for (std::size_t i = 0; i < table.parts.size(); i++) {
      if (table.parts[i] != part) continue;
      targets_.push_back(table.target.values[i]);
      if (!table.weights.empty()) weights_.push_back(table.weights[i]);
    }
  }
  const std::vector<double>& targets() const override { return targets_; }
  const std::vector<double>& weights() const override { return weights_; }
  const Matrix& sample() const override { return sample_; }
  void expect_many_passes() override { many_passes_ = true; }
  void each(const Take& take) override {
    if (file_) return file_->each(take);
    std::unique_ptr<FeatureFile> file = many_passes_ ? std::make_unique<FeatureFile>(scratch_) : nullptr;
    std::size_t done = 0;
    stream_.each([&](const Table& rows, std::size_t first) {
      Matrix block = featuriser_.transform(rows);
      keep_part(block, first);
      if (block.rows == 0) return;
      if (file) file->append(block);
      take(block, done);
      done += block.rows;
    });
    if (done != targets_.size())
      throw Error(
          Code::conflict,
          table_.sample.name + " had " + std::to_string(targets_.size()) + " rows and now has " + std::to_string(done),
          "do not change it while it is learned from");
    file_ = std::move(file);
  }

 private:
  // A row of the sample has the features that were made without its own target.
  void keep_part(Matrix& block, std::size_t first) const {
    std::size_t to = 0;
    for (std::size_t i = 0; i < block.rows; i++) {
      if (table_.parts.at(first + i) != part_) continue;
      auto found = sampled_.find(static_cast<std::uint32_t>(first + i));
      auto from = found == sampled_.end() ? std::span<const float>(block.row(i)) : sample_.row(found->second);
      if (from.data() != block.row(to).data()) std::copy(from.begin(), from.end(), block.row(to).begin());
      to++;
    }
    block.rows = to;
    block.values.resize(to * block.columns);
  }
  const LargeTable& table_;
  TableStream stream_;
  const Featuriser& featuriser_;
  RowPart part_;
  Matrix sample_;
  std::unordered_map<std::uint32_t, std::uint32_t> sampled_;  // place in the file -> row of the sample
  fs::path scratch_;
  std::vector<double> targets_, weights_;
  bool many_passes_ = false;
  std::unique_ptr<FeatureFile> file_;
};

}  // namespace

TablePipeline train_pipeline(const TableTraining& training, const LargeTable& table, const fs::path& scratch) {
  auto& learner = *training.learner;
  check_training(training, table.target.task);
  if (training.several != "auto")
    throw Error(Code::unsupported, "models of two labels need the table in memory, and it is larger than it may be",
                "--memory says how large a table may be; or leave --several out");
  std::vector<std::size_t> rows, places;
  std::unordered_map<std::uint32_t, std::uint32_t> sampled;
  for (std::size_t i = 0; i < table.places.size(); i++) {
    if (table.parts[table.places[i]] != RowPart::learn) continue;
    sampled.emplace(table.places[i], static_cast<std::uint32_t>(rows.size()));
    rows.push_back(i);
    places.push_back(table.places[i]);
  }
  Target target = table.target.take(places);
  auto sample = std::make_unique<Table>(table.sample.take(rows));
  Featuriser featuriser(*sample, target, learner.wants, training.features, training.seed);
  PartStream examples(table, featuriser, RowPart::learn, featuriser.training(*sample), std::move(sampled), scratch);
  sample.reset();
  std::unique_ptr<PartStream> check;
  if (table.count(RowPart::check))
    check = std::make_unique<PartStream>(table, featuriser, RowPart::check, Matrix(),
                                         std::unordered_map<std::uint32_t, std::uint32_t>(), scratch);
  TrainingContext context{training.threads, training.seed, training.stop, {}};
  Problem problem = problem_of(target);
  auto fitted = learner.train_stream(training.options, problem, examples, check.get(), context);
  if (training.calibrate != "none") {
    if (!check)
      throw Error(Code::invalid, "calibration needs rows that were not learned from", "give some with --check 0.1");
    std::vector<double> answers;
    check->each([&](const Matrix& block, std::size_t) {
      auto some = fitted->predict(block, training.threads);
      answers.insert(answers.end(), some.begin(), some.end());
    });
    auto curves = fit_curves(training.calibrate, answers, check->targets(), check->weights(), problem.classes);
    fitted = calibrated(std::move(fitted), std::move(curves));
  }
  return {std::move(featuriser), std::move(fitted)};
}

PartAnswers answers_for(const TableModel& model, const LargeTable& table, RowPart part, int threads) {
  PartAnswers all;
  std::vector<std::size_t> places;
  table.stream.each([&](const Table& block, std::size_t first) {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < block.rows(); i++)
      if (table.parts.at(first + i) == part) rows.push_back(i), places.push_back(first + i);
    if (rows.empty()) return;
    auto answers = model.predict(block.take(rows), threads);
    all.answers.insert(all.answers.end(), answers.begin(), answers.end());
  });
  all.truth = table.target.take(places);
  return all;
}

}  // namespace gyre

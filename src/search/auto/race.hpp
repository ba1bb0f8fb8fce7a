#pragma once
// Candidates trained on folds and judged by the rows that they did not see, on several cores, until the time is up.
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "learn/table_model.hpp"
#include "search/auto/candidate.hpp"
#include "search/auto/folds.hpp"
#include "search/auto/former.hpp"
#include "search/auto/objective.hpp"
#include "search/auto/screen.hpp"
#include "search/auto/stack.hpp"

namespace gyre {

// A candidate that went all the way.
struct Entry {
  Candidate candidate;
  std::shared_ptr<const Stack> stack{};                      // that it stands on, where it sees answers
  std::vector<std::shared_ptr<const TablePipeline>> models;  // one for each fold of the first splits
  std::vector<double> answers;  // to the judged rows, the mean of those models that did not see them; of a race that
                                // confirms, once trained again, without the first split's
  std::size_t splits = 1;       // into folds, that it was trained on
  std::size_t planned = 1;      // with those under way
  double score = 0;
  double first_score = 0;  // of the first split alone: alike for all
  double seconds = 0;      // of computing, all folds together
  double finished = 0;     // since the race began
};

struct FailedCandidate {
  std::string name, why, hint;
};

struct RaceOptions {
  std::size_t folds = 5;
  std::vector<std::size_t> groups{};  // of rows that no fold parts; may be empty
  int threads = 1;
  std::uint64_t seed = 1;
  double deadline = 0;  // of seconds_since_start(): what is under way then is cut
  std::size_t most_candidates = 1000;
  bool stacks = true;          // a second level is tried
  std::function<bool()> stop;  // Ctrl-C
};

class Race {
 public:
  Race(const Table& table, const Target& target, Objective objective, RaceOptions options);

  // `told` is called for each entry, one at a time.
  void run(const std::function<void(const Entry&)>& told);

  // Another end than the options' one; of seconds_since_start(). `told` may call it.
  void end_at(double deadline) { deadline_ = deadline; }
  double deadline() const { return deadline_; }

  const std::vector<Entry>& entries() const { return entries_; }
  const Entry& default_entry() const { return entries_[default_number()]; }  // LightGBM as it comes
  const std::vector<FailedCandidate>& failed() const { return failed_; }
  const std::vector<double>& truth() const { return truth_; }  // of the judged rows
  const Objective& objective() const { return objective_; }
  std::size_t folds() const { return folds_; }

  // Hundreds are tried on the same folds, and the best of those are the luckiest: what they score there says little. At
  // the end the best are trained again on other folds, and judged by those alone.
  bool confirms() const { return has_few_rows(); }
  static bool is_confirmed(const Entry& entry) { return entry.splits >= kept_splits; }

 private:
  static constexpr std::size_t kept_splits = 4;  // whose models are kept to answer
  // Where time is left further ones judge: of few rows a few splits still say little.
  static constexpr std::size_t most_splits = 20;
  bool has_few_rows() const;  // luck is a large part of what any of them says

  struct Part {  // of the table, for one fold
    Table learn, judge;
    Target learn_target, judge_target;
  };
  struct Split {
    std::vector<Fold> folds;
    std::vector<Part> parts;
  };
  struct Heat {  // a candidate under way
    Candidate candidate;
    std::shared_ptr<const Split> split;
    std::optional<std::size_t> again;  // the entry that is trained once more, on other folds
    std::vector<std::shared_ptr<const TablePipeline>> models;
    std::vector<double> answers;
    std::vector<CheckTrace> traces;  // of folds that decided when their training stopped; of few rows
    std::size_t number = 0, next = 0, done = 0;
    double seconds = 0, latest = 0;
    std::atomic<bool> lost = false;
  };
  void work(const std::function<void(const Entry&)>& told);
  std::shared_ptr<Heat> next_job(std::size_t* fold);
  std::optional<Candidate> propose();
  std::optional<Candidate> propose_stacked();
  bool is_time_to_stack() const;
  std::vector<Stack::Base> bases() const;
  std::optional<std::size_t> best_known() const;  // of those that were not tried
  std::optional<std::size_t> first_of_its_kind(double seconds_left) const;
  const Candidate* worth_varying(std::size_t number) const;
  std::optional<std::size_t> worth_again(double seconds_left) const;
  std::optional<std::size_t> worth_confirming(double seconds_left) const;
  std::size_t default_number() const;
  double share_of_time() const;  // that is over
  bool is_exhausted() const;     // as many were tried as are allowed
  std::shared_ptr<const Split> split(std::size_t number);
  std::shared_ptr<const Split> first_split(Sees sees);
  void keep_answers(Heat& heat, std::size_t fold, std::span<const double> answers) const;
  void judge_fairly(Heat& heat) const;
  void merge(Entry& entry, Heat& heat);
  bool train_fold(Heat& heat, std::size_t fold);  // whether it was the last one of the heat
  void finish(Heat& heat, const std::function<void(const Entry&)>& told);
  void lose(Heat& heat, const std::string& why, const std::string& hint);
  bool over() const;
  bool has_entries();

  const Table& table_;
  const Target& target_;
  Objective objective_;
  RaceOptions options_;
  ColumnScreen screen_;
  std::map<std::size_t, std::shared_ptr<const Split>> splits_;  // made when first needed
  std::shared_ptr<const Stack> stack_;                          // of the best, when most of the time is over
  std::map<Sees, std::shared_ptr<const Split>> stacked_splits_;
  std::vector<Candidate> stacked_;  // that were not tried
  std::vector<double> truth_;
  std::vector<Candidate> known_;
  std::size_t tried_ = 0;                  // of the known ones
  std::set<std::string> kinds_tried_;      // learners
  std::unique_ptr<FormerResults> former_;  // may be null
  std::size_t folds_, outputs_;
  int workers_, threads_each_;
  double began_;
  std::atomic<double> deadline_;
  std::size_t proposed_ = 0, heats_ = 0;
  std::shared_ptr<Heat> current_;
  std::vector<Entry> entries_;
  std::vector<FailedCandidate> failed_;
  std::mutex mutex_;  // guards what changes while the race runs: from proposed_ on, and heats
};

}  // namespace gyre

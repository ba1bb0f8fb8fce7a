#pragma once
// The chosen members as one file: small enough to be written in the time there is, and within the limits given.
#include "learn/history.hpp"
#include "search/auto/members.hpp"

namespace gyre {

struct WritingLimits {
  double deadline = 0;    // of seconds_since_start()
  double latency_ms = 0;  // of one row on one core; 0: any
  double megabytes = 0;   // of the file; 0: as many as are sensible
};

struct WrittenModel {
  TableExport exported;
  double latency_ms = 0;
  bool reduced = false;
};

class EnsembleWriter {
 public:
  EnsembleWriter(const Table& table, const Target& target, const RowHistory* history, json::object lineage,
                 std::string about, int threads);

  // That writing all of them would take, with what checks of limits cost: seen by writing some of each.
  double seconds_for(const Chosen& members, const WritingLimits& limits);
  // Leaves out of `members` what there is no time or room for.
  WrittenModel write(Chosen& members, const Adjustment& adjustment, const WritingLimits& limits);

 private:
  double work(const Chosen& members) const { return work_of(members, problem_of(target_), table_.rows()); }
  bool reduce(Chosen& members) const { return gyre::reduce(members, problem_of(target_), table_.rows()); }
  Chosen some_of(const Chosen& members) const;
  WrittenModel attempt(const Chosen& members, const Adjustment& adjustment) const;
  void see_pace(const Chosen& members);

  const Table& table_;
  const Target& target_;
  const RowHistory* history_;
  json::object lineage_;
  std::string about_;
  int threads_;
  Table examples_;
  double seconds_for_work_ = 0;  // as seen last; 0: not yet
};

}  // namespace gyre

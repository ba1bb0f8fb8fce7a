#include "search/auto/writing.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "model/session.hpp"

namespace gyre {

static constexpr double most_work = 150;   // megabytes or so: larger models are no use to anyone
static constexpr double least_work = 4;    // so much is written however late it is
static constexpr double safe_share = 0.8;  // of the time that is left, as the machine may be slower in a moment

static Table spread_rows(const Table& table) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0, count = std::min<std::size_t>(100, table.rows()); i < count; i++)
    rows.push_back(i * table.rows() / count);
  return table.take(rows);
}

EnsembleWriter::EnsembleWriter(const Table& table, const Target& target, const RowHistory* history,
                               json::object lineage, std::string about, int threads)
    : table_(table),
      target_(target),
      history_(history),
      lineage_(std::move(lineage)),
      about_(std::move(about)),
      threads_(threads),
      examples_(spread_rows(table)) {}

// Milliseconds for one row on one core: the median of several.
static double latency_of(const TableExport& exported) {
  Session session = Session::from_bytes(exported.bytes, 1);
  std::vector<double> times;
  for (std::size_t i = 0; i < 21; i++) {
    double began = seconds_since_start();
    session.run(exported.example);
    times.push_back(1000 * (seconds_since_start() - began));
  }
  std::nth_element(times.begin(), times.begin() + 10, times.end());
  return times[10];
}

WrittenModel EnsembleWriter::attempt(const Chosen& members, const Adjustment& adjustment) const {
  EnsembleModel model = model_of(members, adjustment);
  WrittenModel written;
  written.exported = history_ ? export_history_model(model, target_, *history_, examples_, lineage_, about_, threads_)
                              : export_table_model(model, target_, examples_, lineage_, about_, threads_);
  written.latency_ms = latency_of(written.exported);
  return written;
}

// A fifth of each member, as far as its folds' models can be parted; of members of one model each, the heavier ones.
Chosen EnsembleWriter::some_of(const Chosen& members) const {
  Chosen some = members;
  for (auto& member : some) member.models = std::max<std::size_t>(1, member.models / 5);
  shrink_stack(some, 0.2);
  while (some.size() > 1 && work(some) > work(members) / 2) some.pop_back();
  return some;
}

void EnsembleWriter::see_pace(const Chosen& members) {
  Chosen some = some_of(members);
  double began = seconds_since_start();
  attempt(some, {});
  seconds_for_work_ = (seconds_since_start() - began) / work(some);
}

double EnsembleWriter::seconds_for(const Chosen& members, const WritingLimits& limits) {
  see_pace(members);
  double most = limits.megabytes > 0 ? std::min(limits.megabytes, most_work) : most_work;
  double times = limits.latency_ms > 0 || limits.megabytes > 0 ? 3 : 1;  // a limit is met step by step
  return times * seconds_for_work_ * std::min(work(members), std::max(most, least_work)) / safe_share;
}

WrittenModel EnsembleWriter::write(Chosen& members, const Adjustment& adjustment, const WritingLimits& limits) {
  auto work_in_time = [&] {
    return std::max(least_work, safe_share * (limits.deadline - seconds_since_start()) / seconds_for_work_);
  };
  if (seconds_for_work_ == 0) see_pace(members);
  // What was seen while others trained on the same cores may be far too slow: seen again before much is left out.
  if (work_in_time() < work(members)) see_pace(members);
  double most = work_in_time();
  if (limits.megabytes > 0) most = std::min(most, limits.megabytes);
  bool reduced = false;
  while (work(members) > std::min(most, most_work) && reduce(members)) reduced = true;
  while (true) {
    WrittenModel written = attempt(members, adjustment);
    written.reduced = reduced;
    double megabytes = static_cast<double>(written.exported.bytes.size()) / 1e6;
    bool slow = limits.latency_ms > 0 && written.latency_ms > limits.latency_ms;
    bool large = limits.megabytes > 0 && megabytes > limits.megabytes;
    if (!slow && !large) return written;
    // Far from the limit several steps are made at once: each try costs a whole export.
    double over = std::max(slow ? written.latency_ms / limits.latency_ms : 1, large ? megabytes / limits.megabytes : 1);
    double wanted = work(members) / over;
    reduced = true;
    do {
      if (!reduce(members))
        throw Error(Code::invalid,
                    "the smallest model found takes " + five_digits(written.latency_ms) + " ms for a row and " +
                        five_digits(megabytes) + " MB",
                    "allow more with --latency or --megabytes, or learn with `gyre train table --learner linear`");
    } while (work(members) > wanted);
  }
}

}  // namespace gyre

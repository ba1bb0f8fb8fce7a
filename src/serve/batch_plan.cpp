#include "serve/batch_plan.hpp"

#include <algorithm>
#include <bit>

namespace gyre {

static std::size_t bucket_of(std::size_t rows) {
  return static_cast<std::size_t>(std::bit_width(std::max<std::size_t>(rows, 1)) - 1);
}

void LatencyCurve::learn(std::size_t rows, double seconds) {
  auto bucket = bucket_of(rows);
  if (means_.size() <= bucket) means_.resize(bucket + 1);
  // Counted for the bucket's own size: a run of 5 rows says what 4 would have taken.
  double scaled =
      seconds * static_cast<double>(std::size_t{1} << bucket) / static_cast<double>(std::max<std::size_t>(rows, 1));
  double& mean = means_[bucket];
  mean = mean == 0 ? scaled : mean * 0.9 + scaled * 0.1;
}

std::size_t LatencyCurve::largest_seen() const { return means_.empty() ? 0 : std::size_t{1} << (means_.size() - 1); }

double LatencyCurve::seconds(std::size_t rows) const {
  double below = 0, below_rows = 0;
  auto wanted = static_cast<double>(rows);
  for (std::size_t i = 0; i < means_.size(); i++) {
    if (means_[i] == 0) continue;
    auto size = static_cast<double>(std::size_t{1} << i);
    if (size >= wanted) {
      if (below == 0 || size == wanted) return size == wanted ? means_[i] : means_[i] * wanted / size;
      return below + (means_[i] - below) * (wanted - below_rows) / (size - below_rows);
    }
    below = means_[i];
    below_rows = size;
  }
  return below_rows > 0 ? below * wanted / below_rows : 0;
}

BatchChoice choose_fixed(const ModelConfig& config, const QueueState& queue) {
  if (queue.rows == 0) return {};
  std::size_t most = std::max<std::size_t>(1, config.max_batch);
  std::size_t preferred = 0;
  for (auto size : config.preferred)
    if (size <= queue.rows) preferred = std::max(preferred, size);
  if (preferred) return {preferred, 0};
  if (queue.rows >= most) return {most, 0};
  double delay = static_cast<double>(config.delay_us) * 1e-6;
  if (queue.oldest >= delay) return {queue.rows, 0};
  return {0, delay - queue.oldest};
}

// The smallest size whose cost by the row is within a tenth of the best that fits into half the target; the other half
// is for waiting.
static std::size_t worthwhile(const LatencyCurve& curve, std::size_t most, double target) {
  std::size_t seen = std::min(curve.largest_seen(), most), best = 1;
  double best_cost = curve.seconds(1);
  for (std::size_t size = 2; size <= seen; size *= 2) {
    double cost = curve.seconds(size) / static_cast<double>(size);
    if (curve.seconds(size) > target / 2) break;
    if (cost < best_cost * 0.9) {
      best = size;
      best_cost = cost;
    }
  }
  return best;
}

// What one instance takes when the others could take the rest: all of `rows` only where a batch saves much, since a
// batch that saves little just leaves cores without work.
static std::size_t share_of(const LatencyCurve& curve, std::size_t rows, std::size_t instances) {
  bool saves_much = curve.seconds(rows) < 0.5 * curve.seconds(1) * static_cast<double>(rows);
  return saves_much || instances <= 1 ? rows : (rows + instances - 1) / instances;
}

BatchChoice choose_automatic(const LatencyCurve& curve, const QueueState& queue, std::size_t most, double target) {
  if (queue.rows == 0) return {};
  most = std::max<std::size_t>(1, most);
  std::size_t good = worthwhile(curve, most, target);
  // A size twice the largest seen is tried when that many wait: else nobody would learn that it is better.
  std::size_t seen = std::max<std::size_t>(1, curve.largest_seen());
  if (good == std::min(seen, most) && queue.rows >= 2 * seen && curve.seconds(seen) < target / 4)
    return {std::min(2 * seen, most), 0};
  if (queue.rows >= good) return {std::min(good, share_of(curve, queue.rows, queue.instances)), 0};
  double run = curve.seconds(queue.rows);
  double capacity = run > 0 ? static_cast<double>(queue.instances * queue.rows) / run : 0;
  if (run == 0 || queue.arrivals < capacity * 0.9) return {share_of(curve, queue.rows, queue.instances), 0};
  double to_fill = static_cast<double>(good - queue.rows) / queue.arrivals;
  double patience = target / 2 - queue.oldest - to_fill;
  if (patience <= 0) return {queue.rows, 0};
  return {0, to_fill};
}

}  // namespace gyre

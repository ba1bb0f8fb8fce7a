#pragma once
// Windows of series as nets take them, and the scaling that is part of every net on series: readings come raw, and a
// missing one (NaN) counts as neither high nor low.
#include "learn/series_set.hpp"
#include "model/graph.hpp"
#include "nets/torch.hpp"
#include "nets/trainer.hpp"

namespace gyre {

struct Windows {
  torch::Tensor values;                // f32 [n, steps, columns], NaN where missing
  std::vector<std::size_t> recording;  // of each window
  std::vector<double> end;             // time of its last reading
  torch::Tensor take(const std::vector<std::int64_t>& numbers) const {
    return values.index_select(0, torch::tensor(numbers));
  }
};
// A window every `stride` readings. Error{invalid} when no recording is long enough.
Windows cut_windows(const SeriesSet& set, std::size_t steps, std::size_t stride);

// Whole recordings go to the checked part: neighbouring windows are too alike to check each other. With a single
// recording its last part is checked.
Cut cut_recordings(const Windows& windows, double share, std::uint64_t seed);

class Scaling {
 public:
  explicit Scaling(const torch::Tensor& windows);  // mean and deviation of each column
  struct Scaled {
    torch::Tensor values;  // [n, steps, columns]: 0 where missing, bounded
    torch::Tensor known;   // 1 or 0
  };
  Scaled operator()(const torch::Tensor& windows) const;
  struct Written {
    std::string values, known;
  };
  Written write(GraphBuilder& graph, const std::string& windows) const;

 private:
  torch::Tensor mean_, deviation_;  // [columns]
};

Signature series_signature(const SeriesSet& set, std::size_t steps);

}  // namespace gyre

#include "nets/series_windows.hpp"

#include <cmath>

#include "nets/picture_net.hpp"

namespace gyre {

// What is further out is as bad as this: one broken reading must not drown all others.
static constexpr double most_deviations = 30;

Windows cut_windows(const SeriesSet& set, std::size_t steps, std::size_t stride) {
  Windows windows;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t r = 0; r < set.recordings.size(); r++)
    for (std::size_t end = steps; end <= set.recordings[r].rows(); end += stride) places.emplace_back(r, end);
  if (places.size() < 8)
    throw Error(Code::invalid,
                "the recordings give only " + std::to_string(places.size()) + " windows of " + std::to_string(steps) +
                    " readings",
                "gather longer recordings, or take shorter windows with --steps");
  auto width = static_cast<std::int64_t>(set.columns.size());
  windows.values = torch::empty({static_cast<std::int64_t>(places.size()), static_cast<std::int64_t>(steps), width});
  float* to = windows.values.data_ptr<float>();
  for (auto& [r, end] : places) {
    set.copy_window(set.recordings[r], end, steps, to);
    to += static_cast<std::int64_t>(steps) * width;
    windows.recording.push_back(r);
    windows.end.push_back(set.recordings[r].time[end - 1]);
  }
  return windows;
}

Cut cut_recordings(const Windows& windows, double share, std::uint64_t seed) {
  std::size_t count = windows.recording.back() + 1;
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; i++) order[i] = i;
  Random random(seed);
  random.shuffle(order);
  auto checked = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(share * static_cast<double>(count))));
  std::vector<bool> check(count);
  for (std::size_t i = 0; i < checked; i++) check[order[i]] = true;
  Cut cut;
  auto last = static_cast<std::size_t>((1 - share) * static_cast<double>(windows.recording.size()));
  for (std::size_t i = 0; i < windows.recording.size(); i++) {
    bool to_check = count == 1 ? i >= last : check[windows.recording[i]];
    (to_check ? cut.check : cut.learn).push_back(static_cast<std::int64_t>(i));
  }
  return cut;
}

Scaling::Scaling(const torch::Tensor& windows) {
  torch::NoGradGuard no_gradients;
  torch::Tensor rows = windows.reshape({-1, windows.size(2)}).to(torch::kDouble);
  torch::Tensor known = torch::isnan(rows).logical_not();
  torch::Tensor count = known.to(torch::kDouble).sum(0).clamp_min(1);
  torch::Tensor mean = torch::where(known, rows, torch::zeros_like(rows)).sum(0) / count;
  torch::Tensor away = torch::where(known, rows - mean, torch::zeros_like(rows));
  mean_ = mean.to(torch::kFloat).contiguous();
  // A column that never moves says nothing about how far is far: its own size does.
  torch::Tensor least = (mean.abs() * 1e-3).clamp_min(1e-6);
  deviation_ = torch::maximum((away.square().sum(0) / count).sqrt(), least).to(torch::kFloat).contiguous();
}

Scaling::Scaled Scaling::operator()(const torch::Tensor& windows) const {
  torch::NoGradGuard no_gradients;
  torch::Tensor missing = torch::isnan(windows);
  torch::Tensor values = ((windows - mean_) / deviation_).clamp(-most_deviations, most_deviations);
  return {torch::where(missing, torch::zeros_like(values), values), missing.logical_not().to(torch::kFloat)};
}

Scaling::Written Scaling::write(GraphBuilder& graph, const std::string& windows) const {
  std::string missing = graph.node("IsNaN", {windows});
  std::string scaled = graph.node(
      "Div", {graph.node("Sub", {windows, graph.constant(to_tensor(mean_))}), graph.constant(to_tensor(deviation_))});
  std::string bounded = graph.node("Clip", {scaled, graph.constant(static_cast<float>(-most_deviations)),
                                            graph.constant(static_cast<float>(most_deviations))});
  std::string values = graph.node("Where", {missing, graph.constant(0.0f), bounded});
  std::string known = graph.node("Cast", {graph.node("Not", {missing})}, {{"to", std::int64_t{1}}});
  return {values, known};
}

Signature series_signature(const SeriesSet& set, std::size_t steps) {
  Signature signature;
  signature.takes = "series";
  signature.rate = static_cast<int>(std::max(1L, std::lround(set.rate)));
  signature.samples = static_cast<std::int64_t>(steps);
  signature.columns = set.columns;
  return signature;
}

}  // namespace gyre

#include "search/many_run.hpp"

#include <cmath>
#include <mutex>
#include <utility>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "learn/parallel.hpp"

namespace gyre {

static constexpr std::size_t chunk_size = 16;
// What takes less than this is sooner done again than kept.
static constexpr double seconds_between_checkpoints = 1;

FormerRun::FormerRun(const std::filesystem::path& folder) : pack_(folder / "models.pack") {
  auto report = read_json_file(folder / "report.json");
  options_ = report.at("options").as_object();
  grid_ = time_grid_from(report.at("grid"));
  std::vector<std::string> by;
  for (auto& name : options_.at("by").as_array()) by.emplace_back(name.as_string());
  std::string text = read_file(folder / "partitions.jsonl");
  for (std::size_t at = 0; at < text.size();) {
    auto end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    auto result =
        partition_result_from(parse_json(std::string_view(text).substr(at, end - at), "partitions.jsonl"), by);
    auto keys = result.keys;
    results_.emplace(std::move(keys), std::move(result));
    at = end + 1;
  }
}

const PartitionResult* FormerRun::find(const std::vector<std::string>& keys) const {
  auto found = results_.find(keys);
  return found == results_.end() ? nullptr : &found->second;
}

double drift_of(const PartitionResult& former, const Partition& now, const TimeGrid& grid) {
  if (!former.trouble.empty() || !now.trouble.empty()) return 0;
  auto first = grid.steps(now.first_time, grid.time(former.first_time, std::int64_t(former.points)));
  if (!first || *first < 0) return 0;
  double error = 0;
  std::size_t count = 0;
  for (auto step = std::size_t(*first); step < now.values.size() && count < former.forecast.size(); step++, count++)
    error += std::abs(now.values[step] - former.forecast[count]);
  if (count == 0) return 0;
  error /= double(count);
  constexpr double beyond = 1e6;  // a history that never moved, and then did
  double ratio = former.mae > 0 ? std::min(beyond, error / former.mae) : error > 0 ? beyond : 0;
  return std::round(ratio * 1000) / 1000;
}

ManyRun::ManyRun(const ManyPlan& plan, const SeriesTable& table, StepContext& context)
    : plan_(plan), table_(table), context_(context), checkpoints_(context.checkpoint()) {}

void ManyRun::keep_from(const FormerRun& former, const ManyChoice& choice) {
  former_ = &former;
  choice_ = choice;
}

PartitionResult ManyRun::result_for(const Partition& partition, ManyCounts& counts, ForecastGraphs& graphs) {
  const PartitionResult* former = former_ ? former_->find(partition.keys) : nullptr;
  double drift = former ? drift_of(*former, partition, table_.grid) : 0;
  if (drift > drifted_from) counts.drifted++;
  bool keep = former && former->trouble.empty() &&
              (choice_.only_failed || (choice_.only_changed && former->data == partition.digest) ||
               (choice_.only_drifted && !(drift > drifted_from)));
  if (keep) {
    PartitionResult kept = *former;
    kept.drift = drift;
    kept.bytes = former_->model(*former);
    counts.kept++;
    return kept;
  }
  PartitionResult result = learn_partition(plan_, partition, checks_, graphs);
  result.drift = drift;
  (result.trouble.empty() ? counts.learned : counts.failed)++;
  return result;
}

ManyRun::Chunk ManyRun::learn(std::size_t number) {
  Chunk result;
  ForecastGraphs graphs;
  for (auto i = number * chunk_size; i < std::min(table_.partitions.size(), (number + 1) * chunk_size); i++) {
    if (context_.stop_requested()) {
      result.whole = false;
      result.counts.failed++;
      PartitionResult left{.keys = table_.partitions[i].keys, .data = table_.partitions[i].digest};
      left.trouble = "stopped before its turn";
      result.results.push_back(std::move(left));
      continue;
    }
    result.results.push_back(result_for(table_.partitions[i], result.counts, graphs));
  }
  for (auto& one : result.results) result.lines += json::serialize(to_json(one, plan_.columns.by)) + "\n";
  return result;
}

// One line of JSON, then the lines of partitions.jsonl, then the models one after another.
std::string ManyRun::record_of(std::size_t number, const Chunk& chunk) {
  json::array sizes;
  std::string models;
  for (auto& result : chunk.results) {
    sizes.push_back(result.bytes.size());
    models += result.bytes;
  }
  json::object head{{"chunk", number},
                    {"lines", chunk.lines.size()},
                    {"models", std::move(sizes)},
                    {"learned", chunk.counts.learned},
                    {"kept", chunk.counts.kept},
                    {"failed", chunk.counts.failed},
                    {"drifted", chunk.counts.drifted}};
  return json::serialize(head) + "\n" + chunk.lines + models;
}

void ManyRun::save(std::string records) {
  write_file(checkpoints_ / ("part-" + std::to_string(checkpoint_files_++)), records);
}

// What a run that was killed had saved.
void ManyRun::take_up() {
  for (fs::path file; fs::exists(file = checkpoints_ / ("part-" + std::to_string(checkpoint_files_)));
       checkpoint_files_++) {
    std::string text = read_file(file);
    for (std::size_t at = 0; at < text.size();) {
      auto end = text.find('\n', at);
      auto head = parse_json(std::string_view(text).substr(at, end - at), file.string());
      auto count = [&](const char* name) { return static_cast<std::size_t>(get_int(head, name)); };
      Chunk chunk;
      chunk.lines = text.substr(end + 1, count("lines"));
      chunk.counts = {count("learned"), count("kept"), count("failed"), count("drifted"), 0};
      at = end + 1 + chunk.lines.size();
      std::size_t line = 0;
      for (auto& size : head.at("models").as_array()) {
        auto stop = chunk.lines.find('\n', line);
        auto& one = chunk.results.emplace_back(partition_result_from(
            parse_json(std::string_view(chunk.lines).substr(line, stop - line), file.string()), plan_.columns.by));
        one.bytes = text.substr(at, size.to_number<std::size_t>());
        at += one.bytes.size();
        line = stop + 1;
      }
      chunk.counts.resumed = chunk.results.size();
      taken_up_[count("chunk")] = std::move(chunk);
    }
  }
}

std::vector<PartitionResult> ManyRun::run(const std::filesystem::path& folder) {
  make_folders(folder);
  PackWriter pack(folder / "models.pack");
  std::string lines;
  std::vector<PartitionResult> all;
  all.reserve(table_.partitions.size());
  std::mutex mutex;  // guards what follows, and all that is written
  std::map<std::size_t, Chunk> waiting;
  std::size_t next = 0, done = 0;
  auto write = [&](Chunk& chunk) {
    for (auto& result : chunk.results) {
      if (result.trouble.empty()) pack.add(result.model, result.bytes);
      std::string().swap(result.bytes);
      all.push_back(std::move(result));
    }
    lines += chunk.lines;
    counts_.learned += chunk.counts.learned;
    counts_.kept += chunk.counts.kept;
    counts_.failed += chunk.counts.failed;
    counts_.drifted += chunk.counts.drifted;
    counts_.resumed += chunk.counts.resumed;
  };
  take_up();
  std::string unsaved;
  double saved_at = seconds_since_start();
  // In the order of the partitions: the same table gives the same bytes, however many threads there are.
  std::size_t chunks = (table_.partitions.size() + chunk_size - 1) / chunk_size;
  for_each(chunks, context_.threads(), [&](std::size_t i) {
    auto known = taken_up_.find(i);
    Chunk chunk = known == taken_up_.end() ? learn(i) : std::move(known->second);
    std::string record = known == taken_up_.end() && chunk.whole ? record_of(i, chunk) : std::string();
    std::lock_guard lock(mutex);
    done += chunk.results.size();
    waiting.emplace(i, std::move(chunk));
    for (auto at = waiting.begin(); at != waiting.end() && at->first == next; at = waiting.erase(at), next++)
      write(at->second);
    context_.progress(double(done), double(table_.partitions.size()), std::to_string(done) + " models");
    unsaved += record;
    if (seconds_since_start() - saved_at < seconds_between_checkpoints) return;
    save(std::exchange(unsaved, {}));
    saved_at = seconds_since_start();
  });
  pack.finish();
  write_output(folder / "partitions.jsonl", lines);
  return all;
}

}  // namespace gyre

#include "serve/tune.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

#include "base/cores.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "serve/infer.hpp"
#include "serve/trial_runs.hpp"

namespace gyre {

TuneRow measure_setting(const ModelEngine& engine, const TuneSetting& setting, double seconds, std::size_t runs) {
  std::vector<std::vector<std::byte>> memory;
  auto inputs = made_up_inputs(engine, setting.batch, true, nullptr, memory);
  auto all = all_outputs(engine);
  engine.run(inputs, all);  // what is made at the first run is not counted
  std::mutex mutex;         // guards the two
  std::vector<double> took;
  std::optional<Error> failure;
  std::uint64_t begun = nanoseconds(), ends = begun + static_cast<std::uint64_t>(seconds * 1e9);
  std::vector<std::thread> instances;
  for (std::size_t i = 0; i < setting.instances; i++)
    instances.emplace_back([&] {
      std::vector<double> own;
      try {
        while (own.size() < runs || nanoseconds() < ends) {
          std::uint64_t before = nanoseconds();
          engine.run(inputs, all);
          own.push_back(static_cast<double>(nanoseconds() - before) * 1e-6);
        }
      } catch (const Error& error) {
        std::lock_guard lock(mutex);
        failure.emplace(error);
      }
      std::lock_guard lock(mutex);
      took.insert(took.end(), own.begin(), own.end());
    });
  for (auto& instance : instances) instance.join();
  if (failure) throw *failure;
  double all_seconds = static_cast<double>(nanoseconds() - begun) * 1e-9;
  std::sort(took.begin(), took.end());
  TuneRow row{setting};
  row.rows_per_second = static_cast<double>(took.size() * setting.batch) / all_seconds;
  row.p50_ms = took[took.size() / 2];
  row.p99_ms = took[std::min(took.size() - 1, took.size() * 99 / 100)];
  return row;
}

std::vector<TuneSetting> settings_to_try(std::size_t cores, bool batches) {
  std::vector<TuneSetting> settings;
  std::vector<std::size_t> powers;
  for (std::size_t power = 1; power < cores; power *= 2) powers.push_back(power);
  powers.push_back(cores);
  for (auto threads : powers)
    for (auto instances : powers)
      if (threads * instances <= cores)
        for (std::size_t batch : {1, 4, 16})
          if (batch == 1 || batches) settings.push_back({instances, static_cast<int>(threads), batch});
  return settings;
}

const TuneRow& best_row(const std::vector<TuneRow>& rows, double target_ms) {
  auto most = [&](bool within) {
    double best = 0;
    for (auto& row : rows)
      if (!within || row.p99_ms <= target_ms) best = std::max(best, row.rows_per_second);
    return best;
  };
  bool any = most(true) > 0;
  double enough = most(any) * 0.95;
  const TuneRow* chosen = nullptr;
  for (auto& row : rows) {
    if ((any && row.p99_ms > target_ms) || row.rows_per_second < enough) continue;
    if (!chosen || row.p50_ms < chosen->p50_ms) chosen = &row;
  }
  return *chosen;
}

static std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with("model name") || line.starts_with("CPU part")) return line;
  return "unknown";
}

static std::optional<fs::path> kept_file(const std::string& digest) {
  fs::path folder;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    folder = cache;
  else if (const char* home = std::getenv("HOME"); home && *home)
    folder = fs::path(home) / ".cache";
  else
    return std::nullopt;
  std::string name = digest_of(digest + processor() + std::to_string(usable_cores()) + " at rest");
  return folder / "gyre" / "serve" / (name.substr(7, 32) + ".json");
}

static std::optional<TuneSetting> kept_choice(const std::optional<fs::path>& file) {
  if (!file || !fs::exists(*file)) return std::nullopt;
  try {
    auto value = read_json_file(*file);
    std::int64_t instances = get_int(value, "instances"), threads = get_int(value, "threads");
    if (instances < 1 || instances > 1024 || threads < 1 || threads > 1024) return std::nullopt;
    return TuneSetting{static_cast<std::size_t>(instances), static_cast<int>(threads)};
  } catch (const Error&) {
    return std::nullopt;  // damaged: measured again
  }
}

namespace {

// What the processors did since it was made, and how much of that was for others.
class OthersWork {
 public:
  OthersWork() : began_(now()) {}
  double share(std::size_t cores) const {  // of these cores' time
    Moment ends = now();
    double others = (ends.busy - began_.busy) - (ends.own - began_.own);
    return std::max(0.0, others) / std::max(1e-3, (ends.seconds - began_.seconds) * static_cast<double>(cores));
  }

 private:
  struct Moment {
    double seconds, busy, own;
  };
  static Moment now() {
    std::ifstream file("/proc/stat");
    std::string word;
    double ticks[8]{};  // user nice system idle iowait irq softirq steal
    file >> word;
    for (double& tick : ticks) file >> tick;
    double busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7];
    rusage own{};
    ::getrusage(RUSAGE_SELF, &own);
    auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return {static_cast<double>(nanoseconds()) * 1e-9, busy / static_cast<double>(::sysconf(_SC_CLK_TCK)),
            seconds(own.ru_utime) + seconds(own.ru_stime)};
  }
  Moment began_;
};

}  // namespace

TuneSetting measured_choice(const ModelEngine& one_thread, const std::function<ModelEngine(int threads)>& make,
                            const std::string& digest, double most_of_others) {
  auto file = kept_file(digest);
  if (auto kept = kept_choice(file)) return *kept;
  static constexpr double seconds = 0.05;
  static constexpr std::size_t runs = 3;
  std::size_t cores = usable_cores();
  TuneSetting usual{cores, 1}, best = usual;
  OthersWork others;
  std::vector<int> threads{static_cast<int>(cores)};
  if (cores >= 4) threads.push_back(static_cast<int>(cores / 2));
  for (int count : threads) {
    auto engine = make(count);
    TuneSetting setting{cores / static_cast<std::size_t>(count), count};
    int won = 0;
    // Twice, each beside the other: what else runs on this machine now must not decide.
    for (int round = 0; round < 2; round++) {
      auto ours = measure_setting(engine, setting, seconds, runs);
      auto theirs = measure_setting(one_thread, usual, seconds, runs);
      bool faster = ours.rows_per_second > 1.15 * theirs.rows_per_second;
      bool quicker = ours.rows_per_second > 0.97 * theirs.rows_per_second && ours.p50_ms < 0.6 * theirs.p50_ms;
      won += faster || quicker;
    }
    if (won == 2) best = setting;
  }
  if (others.share(cores) > most_of_others) return usual;  // the next start may find the machine at rest
  if (file) {
    try {
      make_folders(file->parent_path());
      write_file(*file, pretty(json::object{{"instances", best.instances}, {"threads", best.threads}}));
    } catch (const Error&) {
      // It is only measured again the next time.
    }
  }
  return best;
}

}  // namespace gyre

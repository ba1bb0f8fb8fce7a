#include "serve/score.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/route.hpp"
#include "serve/score_rows.hpp"

namespace gyre {

namespace {

// A kill loses no more work than this. Tests that kill at many moments shorten it.
double seconds_between_saves() {
  const char* given = std::getenv("GYRE_SCORE_SAVE_SECONDS");
  return given ? std::max(0.0, std::atof(given)) : 1;
}

struct Files {
  fs::path out, part, failed, failed_part, job;
  explicit Files(const fs::path& out)
      : out(out),
        part(out.string() + ".part"),
        failed(out.string() + ".failed.csv"),
        failed_part(failed.string() + ".part"),
        job(out.string() + ".job") {}
};

// How far a job is: what it says was written is durable.
struct Saved {
  SourcePlace place;
  std::int64_t rows = 0, failed = 0;
  std::int64_t out_bytes = 0, failed_bytes = 0;
  bool complete = false;
};

// Model, data and options: a job goes on only with the same.
std::string key_of(const ScoreOptions& options) {
  std::string all = digest_of_file(options.model) + "\n" + fs::canonical(options.data).string();
  if (fs::is_regular_file(options.data)) {
    all += " " + std::to_string(fs::file_size(options.data)) + " " +
           std::to_string(fs::last_write_time(options.data).time_since_epoch().count());
  } else {
    for (auto& file : files_below(options.data))
      all += "\n" + file.string() + " " + std::to_string(fs::file_size(options.data / file));
  }
  for (auto& name : options.keep) all += "\nkeep " + name;
  return digest_of(all + "\nbatch " + std::to_string(options.batch));
}

std::optional<Saved> saved_job(const Files& files, const std::string& key) {
  if (!fs::exists(files.job)) return std::nullopt;
  auto job = read_json_file(files.job);
  if (get_string(job, "key") != key) return std::nullopt;
  Saved saved;
  saved.place = {get_int(job, "offset"), get_int(job, "row")};
  saved.rows = get_int(job, "rows");
  saved.failed = get_int(job, "failed");
  saved.out_bytes = get_int(job, "out_bytes");
  saved.failed_bytes = get_int(job, "failed_bytes");
  saved.complete = get_bool(job, "complete");
  return saved;
}

void save(const Files& files, const std::string& key, const Saved& saved) {
  write_file(files.job, canonical(json::object{{"key", key},
                                               {"offset", saved.place.offset},
                                               {"row", saved.place.row},
                                               {"rows", saved.rows},
                                               {"failed", saved.failed},
                                               {"out_bytes", saved.out_bytes},
                                               {"failed_bytes", saved.failed_bytes},
                                               {"complete", saved.complete}}));
}

// A file that only grows, and is cut to what is known to be right when it is opened again.
class GrowingFile {
 public:
  GrowingFile(fs::path path, std::int64_t size)
      : path_(std::move(path)), file_(open_file(path_, O_WRONLY | O_CREAT, 0644)) {
    if (::ftruncate(file_.get(), size) != 0 || ::lseek(file_.get(), 0, SEEK_END) < 0)
      throw system_error(errno, path_.string());
  }
  void add(std::string_view bytes) { write_all(file_.get(), bytes, path_); }
  void make_durable() {
    if (::fdatasync(file_.get()) != 0) throw system_error(errno, path_.string());
  }

 private:
  fs::path path_;
  FileHandle file_;
};

// Chunks are read here, scored by threads, and given back in order. So many are in memory that threads seldom wait
// while what was done is made durable: names of files and their answers are short, rows come by the megabyte.
class Pipeline {
 public:
  Pipeline(RecordSource& source, const ChunkScorer& scorer, std::size_t threads)
      : source_(source), scorer_(scorer), ahead_(threads * (source.form() == RecordForm::files ? 100 : 3)) {
    for (std::size_t i = 0; i < threads; i++) threads_.emplace_back([this] { work(); });
  }
  ~Pipeline() {
    {
      std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  // The next chunk in order; false at the end. What went wrong with it is thrown.
  bool next(ScoredChunk& scored, SourcePlace& end) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_.contains(wanted_) || error_ || (ended_ && taken_ == wanted_); });
    if (error_) std::rethrow_exception(error_);
    auto found = done_.find(wanted_);
    if (found == done_.end()) return false;
    scored = std::move(found->second.first);
    end = found->second.second;
    done_.erase(found);
    wanted_++;
    changed_.notify_all();
    return true;
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return ended_ || error_ || taken_ < wanted_ + ahead_; });
      if (ended_ || error_) return;
      try {
        RecordChunk chunk;
        if (!source_.next(chunk)) {  // under the lock: chunks come in order
          ended_ = true;
          changed_.notify_all();
          return;
        }
        chunk.index = taken_++;
        lock.unlock();
        auto scored = scorer_.score(chunk);
        lock.lock();
        done_.emplace(chunk.index, std::pair(std::move(scored), chunk.end));
      } catch (...) {
        if (!lock.owns_lock()) lock.lock();
        error_ = std::current_exception();
      }
      changed_.notify_all();
    }
  }
  RecordSource& source_;
  const ChunkScorer& scorer_;
  const std::size_t ahead_;
  std::mutex mutex_;  // guards what follows, and the source
  std::condition_variable changed_;
  std::map<std::size_t, std::pair<ScoredChunk, SourcePlace>> done_;
  std::size_t taken_ = 0, wanted_ = 0;
  bool ended_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

// Names of Parquet columns are the same in all letters, and there is one of each.
void check_names(const std::vector<AnswerColumn>& columns) {
  std::set<std::string, LessNoCase> names;
  for (auto& column : columns)
    if (!names.insert(column.name).second)
      throw Error(Code::invalid, "a Parquet file cannot have two columns named \"" + column.name + "\"",
                  "write to a .csv or .jsonl file, or keep another column");
}

std::string csv_header(const std::vector<AnswerColumn>& columns) {
  std::string line;
  for (auto& column : columns) {
    if (!line.empty()) line += ',';
    append_csv_cell(line, column.name);
  }
  return line + '\n';
}

// Each step may have happened already: a kill between two of them is made good by doing all again.
void finish(const Files& files, const Saved& saved, const ChunkScorer& scorer) {
  if (fs::exists(files.part)) {
    if (files.out.extension() == ".parquet") {
      parquet_from_csv(files.part, scorer.columns(), files.out);
      remove_tree(files.part);
    } else {
      fs::rename(files.part, files.out);
    }
  }
  if (saved.failed == 0)
    remove_tree(files.failed_part);
  else if (fs::exists(files.failed_part))
    fs::rename(files.failed_part, files.failed);
  sync_folder(fs::absolute(files.out).parent_path());
  remove_tree(files.job);
}

}  // namespace

ScoreResult score(const ScoreOptions& options, const std::function<void(const ScoreProgress&)>& progress) {
  auto form = options.out.extension();
  if (form != ".csv" && form != ".jsonl" && form != ".parquet")
    throw Error(Code::invalid, options.out.string() + ": answers are written to a .csv, .jsonl or .parquet file");
  Files files(options.out);
  auto source = record_source(options.data);
  auto scorer = source->form() == RecordForm::files ? file_scorer(options) : table_scorer(options, *source);
  std::vector<AnswerColumn> columns;
  if (form != ".jsonl") columns = scorer->columns();
  if (form == ".parquet") check_names(columns);
  std::string key = key_of(options);
  auto earlier = options.fresh ? std::nullopt : saved_job(files, key);
  Saved saved = earlier.value_or(Saved{});
  double begun = seconds_since_start(),
         share_before = static_cast<double>(saved.place.offset) / std::max(1.0, source->size());
  if (!saved.complete) {
    remove_tree(files.failed);  // of an earlier job with this name
    GrowingFile out(files.part, saved.out_bytes), failed(files.failed_part, saved.failed_bytes);
    auto add = [&](GrowingFile& file, std::int64_t& bytes, std::string_view text) {
      file.add(text);
      bytes += static_cast<std::int64_t>(text.size());
    };
    if (!earlier) {
      if (form == ".csv") add(out, saved.out_bytes, csv_header(columns));
      add(failed, saved.failed_bytes, "row,reason\n");
    }
    auto keep = [&] {
      out.make_durable();
      failed.make_durable();
      save(files, key, saved);
    };
    source->go_to(saved.place);
    Pipeline pipeline(*source, *scorer, options.threads ? options.threads : usable_cores());
    double last_save = seconds_since_start();
    const double between_saves = seconds_between_saves();
    ScoredChunk chunk;
    while (pipeline.next(chunk, saved.place)) {
      add(out, saved.out_bytes, chunk.lines);
      add(failed, saved.failed_bytes, chunk.failed);
      saved.rows += chunk.rows;
      saved.failed += chunk.failures;
      double now = seconds_since_start();
      if (now - last_save < between_saves) continue;
      last_save = now;
      keep();
      ScoreProgress told{static_cast<double>(saved.place.offset) / std::max(1.0, source->size()), saved.rows,
                         saved.failed, now - begun, 0};
      if (told.share > share_before) told.left = (1 - told.share) * told.seconds / (told.share - share_before);
      if (progress) progress(told);
    }
    saved.complete = true;
    keep();
  }
  finish(files, saved, *scorer);
  return {saved.rows, saved.failed, earlier.has_value()};
}

}  // namespace gyre

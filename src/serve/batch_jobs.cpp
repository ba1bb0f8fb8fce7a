#include "serve/batch_jobs.hpp"

#include <algorithm>
#include <cstdio>
#include <random>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "base/file.hpp"
#include "serve/score.hpp"

namespace gyre {

// A webhook that does not answer is tried again after 1, 2, 4 ... seconds, at most an hour, for a day.
static constexpr std::int64_t longest_wait_ms = 3'600'000, day_ms = 24 * 3'600'000, patience_ms = day_ms;
static constexpr std::int64_t look_ms = 1000;  // how late a job may go whose time is over

namespace {

struct Stopped {};  // the server ends, and the job goes on when it is back; or the job was removed

std::string state_of(const json::object& job) { return get_string(job, "state"); }
bool is_over(const json::object& job) { return state_of(job) == "done" || state_of(job) == "failed"; }

// Ids in the order of time.
std::string new_id() {
  std::random_device random;
  char text[40];
  std::snprintf(text, sizeof text, "%012llx%08x", static_cast<unsigned long long>(now_ms()), random());
  return text;
}

}  // namespace

BatchJobs::BatchJobs(fs::path folder, double keep_days)
    : folder_((fs::create_directories(folder), std::move(folder))),
      keep_days_(keep_days),
      signer_(folder_ / "webhook.key") {
  for (auto& entry : fs::directory_iterator(folder_)) {
    if (!entry.is_directory()) continue;
    // A folder without one was never acknowledged.
    if (!fs::exists(entry.path() / "job.json")) {
      remove_tree(entry.path());
      continue;
    }
    auto job = read_json_file(entry.path() / "job.json").as_object();
    if (state_of(job) == "running") job["state"] = "waiting";
    jobs_.emplace(entry.path().filename(), std::move(job));
  }
  scorer_ = std::thread([this] { score_all(); });
  keeper_ = std::thread([this] { look_after_all(); });
}

BatchJobs::~BatchJobs() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  scorer_.join();
  keeper_.join();
}

json::object BatchJobs::submit(const BatchRequest& request) {
  for (auto& form : {request.data_form, request.form})
    if (form != "csv" && form != "jsonl" && form != "parquet")
      throw Error(Code::invalid, "\"" + form + "\" is no form of a batch", "csv, jsonl or parquet");
  if (!request.webhook.empty() && !request.webhook.starts_with("http://") && !request.webhook.starts_with("https://"))
    throw Error(Code::invalid, "the webhook \"" + request.webhook + "\" is no address of http or https");
  if (request.data.empty()) throw Error(Code::invalid, "the batch is empty", "its rows are the request's body");
  std::string id = new_id();
  fs::create_directories(folder_ / id);
  write_file(folder_ / id / ("data." + request.data_form), request.data);
  fs::copy_file(request.model, folder_ / id / "model.onnx");
  sync_file(folder_ / id / "model.onnx");
  json::object job{{"id", id},
                   {"endpoint", request.owner},
                   {"version", request.version},
                   {"state", "waiting"},
                   {"created_at", iso_now()},
                   {"data_form", request.data_form},
                   {"form", request.form},
                   {"keep", json::value_from(request.keep)},
                   {"share", 0.0},
                   {"rows", 0},
                   {"failed", 0}};
  if (!request.webhook.empty())
    job["webhook"] = json::object{{"url", request.webhook}, {"state", "waiting"}, {"attempts", 0}, {"next_at", 0}};
  write_file(folder_ / id / "job.json", canonical(job));
  sync_folder(folder_);
  std::lock_guard lock(mutex_);
  jobs_.emplace(id, job);
  changed_.notify_all();
  return job;
}

const json::object& BatchJobs::find_job(const std::string& owner, const std::string& id) const {
  auto found = jobs_.find(id);
  if (found == jobs_.end() || get_string(found->second, "endpoint") != owner)
    throw Error(Code::not_found, owner + " has no batch " + id);
  return found->second;
}

json::object BatchJobs::get(const std::string& owner, const std::string& id) const {
  std::lock_guard lock(mutex_);
  return find_job(owner, id);
}

json::array BatchJobs::list(const std::string& owner) const {
  std::lock_guard lock(mutex_);
  json::array list;
  for (auto& [id, job] : jobs_)
    if (get_string(job, "endpoint") == owner) list.push_back(job);
  return list;
}

fs::path BatchJobs::path(const json::object& job, const char* kind) const {
  return folder_ / get_string(job, "id") /
         (std::string(kind) + "." + get_string(job, kind == std::string("data") ? "data_form" : "form"));
}

fs::path BatchJobs::file(const std::string& owner, const std::string& id, const std::string& what) const {
  auto job = get(owner, id);
  if (what != "answers" && what != "failed") throw Error(Code::not_found, "a batch has answers and failed, no " + what);
  if (state_of(job) != "done")
    throw Error(Code::conflict, "the batch " + id + " is " + state_of(job), "ask again when it is done");
  fs::path answers = path(job, "answers");
  if (what == "answers") return answers;
  if (get_int(job, "failed") == 0) throw Error(Code::not_found, "no row of the batch " + id + " failed");
  return answers.string() + ".failed.csv";
}

// Without its job.json a folder is of a job that never was: what a kill leaves of it goes at the next start.
void BatchJobs::remove(const std::string& owner, const std::string& id) {
  bool scored = false;
  {
    std::lock_guard writing(files_);
    {
      std::lock_guard lock(mutex_);
      find_job(owner, id);
      fs::remove(folder_ / id / "job.json");
      jobs_.erase(id);
      scored = scored_ == id;
    }
    sync_folder(folder_ / id);
  }
  if (!scored) remove_tree(folder_ / id);  // else its scorer does, when it sees that
}

// Written before it is told.
void BatchJobs::change(const std::string& id, const json::object& changes) {
  std::lock_guard writing(files_);
  std::unique_lock lock(mutex_);
  auto found = jobs_.find(id);
  if (found == jobs_.end()) throw Stopped();
  auto job = found->second;
  lock.unlock();
  for (auto& member : changes) job[member.key()] = member.value();
  write_file(folder_ / id / "job.json", canonical(job));
  lock.lock();
  jobs_[id] = std::move(job);
  changed_.notify_all();
}

void BatchJobs::end(const std::string& id, json::object changes) {
  auto now = now_ms();
  changes["ended_at"] = iso_time(now);
  if (keep_days_ > 0) changes["expires_at"] = iso_time(now + static_cast<std::int64_t>(keep_days_ * day_ms));
  change(id, changes);
}

void BatchJobs::score_all() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    auto next = std::find_if(jobs_.begin(), jobs_.end(), [](auto& one) { return state_of(one.second) == "waiting"; });
    if (next == jobs_.end()) {
      changed_.wait(lock);
      continue;
    }
    std::string id = scored_ = next->first;
    lock.unlock();
    std::string wrong;
    try {
      score_one(id);
    } catch (const Stopped&) {
    } catch (const std::exception& error) {  // its folder cannot be written: that is told as long as the server lives
      wrong = error.what();
    }
    lock.lock();
    scored_.clear();
    if (auto found = jobs_.find(id); found == jobs_.end()) {
      lock.unlock();
      std::error_code in_vain;  // what is left goes at the next start
      fs::remove_all(folder_ / id, in_vain);
      lock.lock();
    } else if (!wrong.empty()) {
      found->second["state"] = "failed";
      found->second["error"] = wrong;
    }
  }
}

void BatchJobs::score_one(const std::string& id) {
  try {
    change(id, {{"state", "running"}, {"started_at", iso_now()}});
    std::unique_lock lock(mutex_);
    auto found = jobs_.find(id);
    if (found == jobs_.end()) throw Stopped();
    auto job = found->second;
    lock.unlock();
    // Half of the cores: those who wait for answers come first.
    ScoreOptions options{.model = folder_ / id / "model.onnx",
                         .data = path(job, "data"),
                         .out = path(job, "answers"),
                         .keep = json::value_to<std::vector<std::string>>(job.at("keep")),
                         .threads = std::max<std::size_t>(1, usable_cores() / 2)};
    auto result = score(options, [&](const ScoreProgress& progress) {
      std::lock_guard guard(mutex_);
      auto now = jobs_.find(id);
      if (ending_ || now == jobs_.end()) throw Stopped();
      now->second["share"] = progress.share;
      now->second["rows"] = progress.rows;
      now->second["failed"] = progress.failed;
    });
    end(id, {{"state", "done"}, {"share", 1.0}, {"rows", result.rows}, {"failed", result.failed}});
  } catch (const Error& error) {
    end(id, {{"state", "failed"}, {"error", error.text()}});
  }
}

// Every webhook that is due, and every job whose time is over; then until the next one is, or a job ends.
void BatchJobs::look_after_all() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    std::int64_t now = now_ms(), next = now + longest_wait_ms;
    const std::string this_moment = iso_time(now);
    std::string to_tell, to_remove, owner;
    for (auto& [id, job] : jobs_) {
      if (!is_over(job)) continue;
      if (auto* webhook = find(job, "webhook"); webhook && get_string(*webhook, "state") == "waiting") {
        next = std::min(next, get_int(*webhook, "next_at"));
        if (get_int(*webhook, "next_at") <= now) to_tell = id;
      } else if (auto expires = find_string(job, "expires_at")) {
        next = std::min(next, now + look_ms);
        if (*expires <= this_moment) to_remove = id, owner = get_string(job, "endpoint");
      }
    }
    if (to_tell.empty() && to_remove.empty()) {
      changed_.wait_for(lock, std::chrono::milliseconds(std::max<std::int64_t>(1, next - now)));
      continue;
    }
    auto job = to_tell.empty() ? json::object() : jobs_.at(to_tell);
    lock.unlock();
    try {
      if (!to_remove.empty())
        remove(owner, to_remove);
      else
        tell(to_tell, job);
    } catch (const Stopped&) {
    } catch (const Error&) {  // its folder cannot be written now
      lock.lock();
      changed_.wait_for(lock, std::chrono::milliseconds(look_ms));
      continue;
    }
    lock.lock();
  }
}

void BatchJobs::tell(const std::string& id, const json::object& job) {
  auto webhook = job.at("webhook").as_object();
  auto data = job;
  data.erase("webhook");
  auto event = cloud_event(id, "gyre.batch." + state_of(job), "/endpoints/" + get_string(job, "endpoint") + "/batches",
                           std::move(data));
  auto now = now_ms();
  auto wrong = signer_.post(get_string(webhook, "url"), id, event);
  auto attempts = get_int(webhook, "attempts") + 1;
  webhook["attempts"] = attempts;
  if (wrong.empty()) {
    webhook["state"] = "told";
    webhook.erase("error");
  } else {
    webhook["error"] = wrong;
    if (attempts == 1) webhook["first_at"] = now;
    if (now_ms() - get_int(webhook, "first_at") > patience_ms) webhook["state"] = "given up";
    webhook["next_at"] =
        now_ms() + std::min(longest_wait_ms, std::int64_t{1000} << std::min<std::int64_t>(attempts - 1, 12));
  }
  try {
    change(id, {{"webhook", webhook}});
  } catch (const Error&) {  // its folder cannot be written: it may be told twice after a restart, not each moment now
    std::lock_guard lock(mutex_);
    if (auto found = jobs_.find(id); found != jobs_.end()) found->second["webhook"] = webhook;
  }
}

}  // namespace gyre

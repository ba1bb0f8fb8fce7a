#include "cli/openlineage.hpp"

#include <chrono>

#include "base/clock.hpp"
#include "base/http_client.hpp"
#include "base/version.hpp"
#include "track/recorder.hpp"

namespace gyre {

static constexpr int most_events = 10'000;  // that wait; of more the oldest are let go

OpenLineage::OpenLineage(Workspace& workspace, std::string url)
    : workspace_(workspace), url_(std::move(url)), sender_([this] { work(); }) {}

OpenLineage::~OpenLineage() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  sender_.join();
}

// Run ids there are UUIDs: the first 16 bytes of ours, which are hashes.
static std::string uuid(const std::string& id) {
  return id.substr(0, 8) + "-" + id.substr(8, 4) + "-" + id.substr(12, 4) + "-" + id.substr(16, 4) + "-" +
         id.substr(20, 12);
}

static json::array datasets(const std::map<std::string, std::string>& content) {
  json::array all;
  for (auto& [name, digest] : content) all.push_back(json::object{{"namespace", "gyre"}, {"name", digest}});
  return all;
}

void OpenLineage::keep(const StepRun& run, std::string_view type) {
  std::string producer = "gyre/" + std::string(version());
  json::object parent_run{{"runId", uuid(run_id_of(run.pipeline_run, ""))}},
      parent_job{{"namespace", "gyre"}, {"name", "pipeline"}};
  json::object parent{{"_producer", producer},
                      {"_schemaURL", "https://openlineage.io/spec/facets/1-0-1/ParentRunFacet.json"},
                      {"run", parent_run},
                      {"job", parent_job}};
  json::object facets{{"parent", parent}};
  if (!run.error.empty())
    facets["errorMessage"] =
        json::object{{"_producer", producer},
                     {"_schemaURL", "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json"},
                     {"message", run.error},
                     {"programmingLanguage", "C++"}};
  json::object event{{"eventType", type},
                     {"eventTime", iso_now()},
                     {"producer", producer},
                     {"schemaURL", "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"},
                     {"run", {{"runId", uuid(run_id_of(run.pipeline_run, run.node))}, {"facets", facets}}},
                     {"job", {{"namespace", "gyre"}, {"name", run.step}}},
                     {"inputs", datasets(run.inputs)},
                     {"outputs", datasets(run.outputs)}};
  workspace_.rows().transaction([&] {
    workspace_.rows().run("INSERT INTO openlineage_event (body) VALUES ($1)", {event});
    workspace_.rows().run("DELETE FROM openlineage_event WHERE id <= (SELECT max(id) FROM openlineage_event) - $1",
                          {most_events});
  });
  {
    std::lock_guard lock(mutex_);
    waiting_ = true;
  }
  changed_.notify_all();
}

void OpenLineage::started(const StepRun& run) { keep(run, "START"); }

void OpenLineage::ended(const StepRun& run) {
  bool good = run.state == "done" || run.state == "stopped" || run.state == "cached";
  keep(run, good ? "COMPLETE" : run.state == "cancelled" ? "ABORT" : "FAIL");
}

// Oldest first. False: the server is away, or refuses.
bool OpenLineage::send_all() {
  while (auto row = workspace_.rows().one("SELECT id, body FROM openlineage_event ORDER BY id LIMIT 1")) {
    try {
      Response answer = http_request("POST", url_, get_string(*row, "body"), {{"Content-Type", "application/json"}},
                                     {.timeout_seconds = 5});
      if (answer.status >= 500 || answer.status == 429) return false;
    } catch (const Error& error) {
      if (error.code == Code::unavailable) return false;
      throw;
    }
    // Also one that it calls malformed: it would be so for ever, and stand in the way of all others.
    workspace_.rows().run("DELETE FROM openlineage_event WHERE id = $1", {row->at("id")});
  }
  return true;
}

void OpenLineage::work() {
  std::unique_lock lock(mutex_);
  for (int failures = 0;;) {
    auto pause = std::chrono::seconds(std::min(60, 1 << std::min(failures, 6)));
    if (failures)
      changed_.wait_for(lock, pause, [&] { return ending_; });
    else
      changed_.wait(lock, [&] { return ending_ || waiting_; });
    bool last = ending_;
    waiting_ = false;
    lock.unlock();
    bool sent = false;
    try {
      sent = send_all();
    } catch (const Error&) {  // the rows are away too: the pipelines say so, and the events stay where they are
    }
    lock.lock();
    failures = sent ? 0 : failures + 1;
    if (last) return;
  }
}

}  // namespace gyre

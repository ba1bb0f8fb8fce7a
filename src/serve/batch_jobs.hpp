#pragma once
// Batches that are scored while nobody waits: one after the other, and those that were cut off go on when the server is
// back. Each is a folder: its data, its model, its answers, and job.json, which says how far it is. What has ended is
// kept for a while, then the folder goes.
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "serve/webhook.hpp"

namespace gyre {

struct BatchRequest {
  std::string owner;            // the endpoint it was sent to
  std::filesystem::path model;  // copied: what comes after the request changes nothing
  std::string version;
  std::string_view data;
  std::string data_form, form;  // csv | jsonl | parquet
  std::vector<std::string> keep;
  std::string webhook;  // empty: nobody is told
};

class BatchJobs {
 public:
  // `keep_days`: how long a job that has ended is there to be asked for; 0: until it is removed.
  BatchJobs(std::filesystem::path folder, double keep_days);
  ~BatchJobs();  // what runs is left where it is
  BatchJobs(const BatchJobs&) = delete;

  json::object submit(const BatchRequest& request);  // durable when this returns
  json::object get(const std::string& owner, const std::string& id) const;
  json::array list(const std::string& owner) const;
  // Of a job that is done: "answers" or "failed". Error{not_found}, {conflict} while it is not.
  std::filesystem::path file(const std::string& owner, const std::string& id, const std::string& what) const;
  // With its data and answers; what runs is stopped, and nobody is told of its end. Error{not_found}.
  void remove(const std::string& owner, const std::string& id);
  const WebhookSigner& signer() const { return signer_; }

 private:
  using Jobs = std::map<std::string, json::object>;  // by id: the oldest first
  std::filesystem::path path(const json::object& job, const char* kind) const;
  const json::object& find_job(const std::string& owner, const std::string& id) const;
  void change(const std::string& id, const json::object& changes);
  void score_all();
  void score_one(const std::string& id);
  void end(const std::string& id, json::object changes);
  void look_after_all();
  void tell(const std::string& id, const json::object& job);
  std::filesystem::path folder_;
  double keep_days_;
  WebhookSigner signer_;
  std::mutex files_;          // held while a job.json is written or removed; taken before mutex_
  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  Jobs jobs_;
  bool ending_ = false;
  std::string scored_;  // the job that is scored now
  std::thread scorer_, keeper_;
};

}  // namespace gyre

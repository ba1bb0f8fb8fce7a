#pragma once
// Batches that are scored while nobody waits: one after the other, and those that were cut off go on when the server is
// back. Each is a folder: its data, its model, its answers, and job.json, which says how far it is.
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
  explicit BatchJobs(std::filesystem::path folder);
  ~BatchJobs();  // what runs is left where it is
  BatchJobs(const BatchJobs&) = delete;

  json::object submit(const BatchRequest& request);  // durable when this returns
  json::object get(const std::string& owner, const std::string& id) const;
  json::array list(const std::string& owner) const;
  // Of a job that is done: "answers" or "failed". Error{not_found}, {conflict} while it is not.
  std::filesystem::path file(const std::string& owner, const std::string& id, const std::string& what) const;
  const WebhookSigner& signer() const { return signer_; }

 private:
  using Jobs = std::map<std::string, json::object>;  // by id: the oldest first
  std::filesystem::path path(const json::object& job, const char* kind) const;
  const json::object& find_job(const std::string& owner, const std::string& id) const;
  void change(const std::string& id, const json::object& changes);
  void score_all();
  void score_one(const std::string& id);
  void tell_all();
  std::filesystem::path folder_;
  WebhookSigner signer_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  Jobs jobs_;
  bool ending_ = false;
  std::thread scorer_, teller_;
};

}  // namespace gyre

#pragma once
// The models that are served, by name and version. Readers never wait: a change is a new catalogue put in place of the
// old one; requests that run keep what they use.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "serve/served_model.hpp"

namespace gyre {

// Where a model's versions lie and how they are to be served.
struct ModelFiles {
  std::map<std::int64_t, ModelSource> versions;
  json::value config = json::object{};
  std::map<std::string, std::int64_t> labels{};  // names of versions, as clients may ask for them
};

class Repository {
 public:
  // Finds what may be loaded by a name; nothing when there is no such model.
  using Find = std::function<std::optional<ModelFiles>(const std::string& name)>;
  using Names = std::function<std::vector<std::string>()>;
  Repository(Find find, Names names);
  ~Repository();

  // Loads beside what is served, then swaps; what was served stays when it fails. `changes`: a configuration and files
  // that stand for those that would be found.
  void load(const std::string& name, const std::optional<ModelFiles>& changes = {});
  void unload(const std::string& name);
  // Error{not_found} when it is not served. `version`: a number or a label; empty: the latest.
  std::shared_ptr<ServedModel> get(std::string_view name, std::string_view version) const;
  std::vector<std::shared_ptr<ServedModel>> all() const;
  std::vector<std::shared_ptr<ServedModel>> versions(std::string_view name) const;
  std::map<std::string, std::int64_t, std::less<>> labels(std::string_view name) const;

  struct IndexRow {
    std::string name, version, state, reason;
  };
  std::vector<IndexRow> index() const;
  Resources& resources() { return resources_; }
  void hold_ready(bool ready) { ready_ = ready; }  // while the models of the start are loaded
  bool ready() const { return ready_; }

 private:
  struct Entry {
    std::map<std::string, std::int64_t, std::less<>> labels;        // of versions that are served
    std::map<std::int64_t, std::shared_ptr<ServedModel>> versions;  // empty: not served
    std::string state = "READY";
    std::string reason;
  };
  using Catalogue = std::map<std::string, Entry, std::less<>>;
  std::shared_ptr<const Catalogue> catalogue() const { return catalogue_.load(); }
  void change(const std::string& name, const std::function<void(Entry&)>& change);
  std::shared_ptr<ServedModel> made(const std::string& name, std::int64_t version, const ModelSource& source,
                                    const ModelConfig& config);
  void bury();

  Find find_;
  Names names_;
  Resources resources_;
  std::atomic<bool> ready_ = true;
  std::atomic<std::shared_ptr<const Catalogue>> catalogue_{std::make_shared<const Catalogue>()};
  std::mutex changing_;  // one change of the catalogue at a time
  std::mutex loading_;   // guards busy_
  std::set<std::string> busy_;

  // A model that nobody uses any more ends here: its last user may be one of its own threads.
  std::mutex graves_mutex_;  // guards graves_ and closing_
  std::condition_variable graves_changed_;
  std::vector<std::unique_ptr<ServedModel>> graves_;
  std::size_t living_ = 0;  // made and not yet ended
  bool closing_ = false;
  std::thread gravedigger_;
};

}  // namespace gyre

#include "serve/repository.hpp"

#include <malloc.h>

#include <charconv>

namespace gyre {

Repository::Repository(Find find, Names names)
    : find_(std::move(find)), names_(std::move(names)), gravedigger_([this] { bury(); }) {}

Repository::~Repository() {
  catalogue_.store(std::make_shared<const Catalogue>());
  {
    std::lock_guard lock(graves_mutex_);
    closing_ = true;
  }
  graves_changed_.notify_all();
  gravedigger_.join();
}

void Repository::bury() {
  std::unique_lock lock(graves_mutex_);
  while (true) {
    graves_changed_.wait(lock, [&] { return !graves_.empty() || (closing_ && living_ == 0); });
    if (graves_.empty()) return;
    auto ending = std::move(graves_);
    graves_.clear();
    living_ -= ending.size();
    lock.unlock();
    ending.clear();
    ::malloc_trim(0);  // a model's weights go back to the system, not to the heap
    lock.lock();
  }
}

std::shared_ptr<ServedModel> Repository::made(const std::string& name, std::int64_t version, const ModelSource& source,
                                              const ModelConfig& config) {
  auto model = std::make_unique<ServedModel>(name, version, source, config, resources_);
  {
    std::lock_guard lock(graves_mutex_);
    living_++;
  }
  return {model.release(), [this](ServedModel* ended) {
            std::lock_guard lock(graves_mutex_);
            graves_.emplace_back(ended);
            graves_changed_.notify_all();
          }};
}

void Repository::change(const std::string& name, const std::function<void(Entry&)>& change) {
  std::lock_guard lock(changing_);
  auto next = std::make_shared<Catalogue>(*catalogue());
  change((*next)[name]);
  catalogue_.store(std::move(next));
}

static std::map<std::int64_t, ModelSource> chosen(const std::map<std::int64_t, ModelSource>& versions,
                                                  const VersionPolicy& policy, const std::string& name) {
  std::map<std::int64_t, ModelSource> some;
  for (auto version : policy.specific) {
    auto found = versions.find(version);
    if (found == versions.end())
      throw Error(Code::not_found, "model " + name + " has no version " + std::to_string(version));
    some.insert(*found);
  }
  if (!policy.specific.empty()) return some;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version)
    if (policy.latest == 0 || some.size() < policy.latest) some.insert(*version);
  return some;
}

void Repository::load(const std::string& name, const std::optional<ModelFiles>& changes) {
  {
    std::lock_guard lock(loading_);
    if (!busy_.insert(name).second) throw Error(Code::unavailable, "model " + name + " is being loaded already");
  }
  struct Done {
    Repository& repository;
    const std::string& name;
    ~Done() {
      std::lock_guard lock(repository.loading_);
      repository.busy_.erase(name);
    }
  } done{*this, name};
  auto files = changes && !changes->versions.empty() ? changes : find_(name);
  if (!files || files->versions.empty()) throw Error(Code::not_found, "there is no model " + name + " to load");
  if (changes && changes->config.is_object() && !changes->config.as_object().empty()) files->config = changes->config;
  bool first = false;
  change(name, [&](Entry& entry) {
    first = entry.versions.empty();
    if (first) entry.state = "LOADING";
  });
  try {
    auto config = config_from(files->config, name);
    auto labels = files->labels;
    labels.insert(config.versions.labels.begin(), config.versions.labels.end());
    std::map<std::int64_t, std::shared_ptr<ServedModel>> versions;
    for (auto& [version, source] : chosen(files->versions, config.versions, name))
      versions[version] = made(name, version, source, config);
    change(name, [&](Entry& entry) {
      entry.versions = std::move(versions);
      entry.labels.clear();
      for (auto& [label, version] : labels)
        if (entry.versions.contains(version)) entry.labels[label] = version;
      entry.state = "READY";
      entry.reason.clear();
    });
  } catch (const Error& error) {
    change(name, [&](Entry& entry) {
      entry.reason = error.text();
      if (first) entry.state = "UNAVAILABLE";
    });
    throw;
  }
}

void Repository::unload(const std::string& name) {
  auto known = catalogue();
  if (auto found = known->find(name); found == known->end())
    throw Error(Code::not_found, "there is no model " + name + " to unload");
  change(name, [&](Entry& entry) {
    entry.versions.clear();
    entry.state = "UNAVAILABLE";
    entry.reason = "unloaded";
  });
}

std::shared_ptr<ServedModel> Repository::get(std::string_view name, std::string_view version) const {
  auto known = catalogue();
  auto found = known->find(name);
  if (found == known->end()) throw Error(Code::not_found, "there is no model " + std::string(name));
  auto& entry = found->second;
  if (entry.versions.empty())
    throw Error(entry.state == "LOADING" ? Code::unavailable : Code::not_found,
                "model " + std::string(name) + " is not ready" + (entry.reason.empty() ? "" : ": " + entry.reason));
  if (version.empty()) return entry.versions.rbegin()->second;
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  bool is_number = error == std::errc() && end == version.data() + version.size();
  if (!is_number)
    if (auto label = entry.labels.find(version); label != entry.labels.end()) {
      number = label->second;
      is_number = true;
    }
  auto one = entry.versions.find(number);
  if (!is_number || one == entry.versions.end())
    throw Error(Code::not_found,
                "model " + std::string(name) + " has no version " + std::string(version) + " that is served");
  return one->second;
}

std::vector<std::shared_ptr<ServedModel>> Repository::versions(std::string_view name) const {
  get(name, "");
  auto known = catalogue();
  std::vector<std::shared_ptr<ServedModel>> list;
  if (auto found = known->find(name); found != known->end())
    for (auto& [version, model] : found->second.versions) list.push_back(model);
  return list;
}

std::map<std::string, std::int64_t, std::less<>> Repository::labels(std::string_view name) const {
  auto known = catalogue();
  auto found = known->find(name);
  return found == known->end() ? decltype(found->second.labels){} : found->second.labels;
}

std::vector<std::shared_ptr<ServedModel>> Repository::all() const {
  auto known = catalogue();
  std::vector<std::shared_ptr<ServedModel>> list;
  for (auto& [name, entry] : *known)
    for (auto& [version, model] : entry.versions) list.push_back(model);
  return list;
}

std::vector<Repository::IndexRow> Repository::index() const {
  auto known = catalogue();
  std::vector<IndexRow> rows;
  for (auto& [name, entry] : *known) {
    for (auto& [version, model] : entry.versions) rows.push_back({name, model->version(), "READY", ""});
    if (entry.versions.empty()) rows.push_back({name, "", entry.state, entry.reason});
  }
  for (auto& name : names_())
    if (!known->contains(name)) rows.push_back({name, "", "UNAVAILABLE", "not loaded"});
  return rows;
}

}  // namespace gyre

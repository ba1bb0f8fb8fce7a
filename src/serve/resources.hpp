#pragma once
// Named resources that runs of models share: an instance runs only while it holds what its configuration names.
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

namespace gyre {

using ResourceNeeds = std::map<std::string, std::int64_t>;

class Resources {
 public:
  // What there is in all. A resource that is not set has as much as the most demanding model needs.
  void set(const std::string& name, std::int64_t count) {
    std::lock_guard lock(mutex_);
    auto& one = all_[name];
    one.free += count - one.count;
    one.count = count;
    one.set = true;
    changed_.notify_all();
  }
  // A model that needs more than there is can never run: false.
  bool announce(const ResourceNeeds& needs) {
    std::lock_guard lock(mutex_);
    for (auto& [name, count] : needs) {
      auto& one = all_[name];
      if (one.count >= count) continue;
      if (one.set) return false;
      one.free += count - one.count;
      one.count = count;
    }
    return true;
  }
  // All at once, so that two models that need the same ones never wait for each other.
  class Held {
   public:
    Held(Resources& resources, const ResourceNeeds& needs) : resources_(resources), needs_(needs) {
      if (needs_.empty()) return;
      std::unique_lock lock(resources_.mutex_);
      resources_.changed_.wait(lock, [&] {
        for (auto& [name, count] : needs_)
          if (resources_.all_[name].free < count) return false;
        return true;
      });
      for (auto& [name, count] : needs_) resources_.all_[name].free -= count;
    }
    ~Held() {
      if (needs_.empty()) return;
      std::lock_guard lock(resources_.mutex_);
      for (auto& [name, count] : needs_) resources_.all_[name].free += count;
      resources_.changed_.notify_all();
    }
    Held(const Held&) = delete;

   private:
    Resources& resources_;
    const ResourceNeeds& needs_;
  };

 private:
  struct One {
    std::int64_t count = 0, free = 0;
    bool set = false;
  };
  std::mutex mutex_;  // guards all_
  std::condition_variable changed_;
  std::map<std::string, One> all_;
};

}  // namespace gyre

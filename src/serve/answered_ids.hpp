#pragma once
// Which target answered which request, for as long as somebody may come and tell whether the answer was right.
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace gyre {

class AnsweredIds {
 public:
  static constexpr std::size_t most = 10'000, longest = 128;

  // The oldest is forgotten when there are too many; an id that comes again means the later answer.
  void remember(std::string_view id, std::size_t target) {
    if (id.empty() || id.size() > longest) return;
    auto [found, added] = targets_.insert_or_assign(std::string(id), target);
    if (!added) return;
    order_.push_back(found->first);
    while (order_.size() > most) {
      targets_.erase(order_.front());
      order_.pop_front();
    }
  }
  // Once: nothing when it is not known, or not any more.
  std::optional<std::size_t> take(const std::string& id) {
    auto found = targets_.find(id);
    if (found == targets_.end()) return std::nullopt;
    auto target = found->second;
    targets_.erase(found);
    return target;
  }

 private:
  std::unordered_map<std::string, std::size_t> targets_;
  std::deque<std::string> order_;  // the oldest first; of some the truth was told already
};

}  // namespace gyre

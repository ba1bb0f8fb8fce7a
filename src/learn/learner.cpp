#include "learn/learner.hpp"

#include <algorithm>

namespace gyre {

bool Learner::can(Task task) const { return std::find(tasks.begin(), tasks.end(), task) != tasks.end(); }

const Learner& get_learner(std::string_view name) {
  std::string list;
  for (auto* learner : all_learners()) {
    if (learner->name == name) return *learner;
    list += (list.empty() ? "" : ", ") + learner->name;
  }
  throw Error(Code::invalid, "there is no learner \"" + std::string(name) + "\"", "learners are: " + list);
}

json::object learner_options(const Learner& learner, const std::vector<std::string>& words) {
  json::object values;
  for (auto& word : words) {
    auto sign = word.find('=');
    if (sign == std::string::npos)
      throw Error(Code::invalid, "--set \"" + word + "\" has no value", "like --set rounds=200");
    values[word.substr(0, sign)] = word.substr(sign + 1);
  }
  return complete(learner.fields, values, "learner " + learner.name);
}

}  // namespace gyre

#pragma once
// A name in front of versions: traffic in percent, a mirror whose answers are only compared, and a guard that promotes
// a candidate or takes it back.
//
//   {"targets": [{"model": "line", "version": "1", "percent": 90}, {"model": "line", "version": "2", "percent": 10}],
//    "sticky": "X-Customer",
//    "mirror": {"model": "line", "version": "3", "percent": 100},
//    "guard": {"requests": 200, "error_rate": 0.01, "latency_ratio": 1.5, "agreement": 0.98}}
//
// With "accuracy_loss" a guard waits for the truth of answers, told by the ids of their requests.
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "serve/answered_ids.hpp"
#include "serve/repository.hpp"

namespace gyre {

struct EndpointTarget {
  std::string model, version;  // version empty: the latest
  double percent = 0;
};

struct EndpointGuard {
  std::uint64_t requests = 0;  // of the candidate before it is judged; 0: no guard
  double error_rate = 0.01;
  double latency_ratio = 1.5;  // of the candidate's mean to the stable one's
  double agreement = 0.98;     // of a mirror with what was answered
  double accuracy_loss =
      -1;  // that a second target may have beside the first, by the truths that are told; below 0: any
  std::uint64_t truths = 50;  // of each of the two before accuracy is judged
};

struct EndpointConfig {
  std::vector<EndpointTarget> targets;  // the first is the stable one, the last the candidate when there are several
  std::string sticky;                   // a header whose value always gets the same target; empty: none
  std::vector<EndpointTarget> mirror;   // none or one
  EndpointGuard guard;
};
EndpointConfig endpoint_config(const json::value& value);  // Error{invalid}
json::object to_json(const EndpointConfig& config);

class Endpoints {
 public:
  // `file`: where the endpoints are kept; empty: only in memory.
  explicit Endpoints(std::filesystem::path file);
  void put(const std::string& name, EndpointConfig config);
  void remove(const std::string& name);  // Error{not_found}
  json::array list() const;
  json::object describe(const std::string& name) const;  // Error{not_found}
  bool contains(std::string_view name) const;

  // Where a request for `name` goes.
  struct Choice {
    std::string endpoint;
    std::uint64_t generation = 0;  // of the endpoint's configuration: what is told of an older one is not counted
    std::size_t place = 0;         // in targets
    EndpointTarget target;
    std::optional<EndpointTarget> mirror;
  };
  // `key(header)` gives the value of a header. Error{unavailable} when nothing gets traffic.
  std::optional<Choice> choose(std::string_view name, const std::function<std::string(const std::string&)>& key);
  // `id`: the request's own, by which its truth may be told later; may be empty.
  void answered(const Choice& choice, std::string_view id, bool right, double seconds);
  void mirrored(const Choice& choice, bool right, double seconds, bool agrees);
  // Whether the answer to the request of that id was right; false when it is not known any more. Error{not_found},
  // {conflict} when the endpoint's guard does not look at accuracy.
  bool tell_truth(const std::string& name, const std::string& id, bool right);

 private:
  struct Seen {
    std::uint64_t requests = 0, errors = 0, agreed = 0, truths = 0, right = 0;
    double seconds = 0;
    double accuracy() const { return truths ? static_cast<double>(right) / static_cast<double>(truths) : 0; }
    double mean() const { return requests > errors ? seconds / static_cast<double>(requests - errors) : 0; }
    void add(bool right, double took) {
      requests++;
      if (right)
        seconds += took;
      else
        errors++;
    }
  };
  struct Entry {
    EndpointConfig config;
    std::uint64_t generation = 0;
    std::uint64_t counter = 0;
    std::vector<Seen> targets;
    Seen mirror;
    AnsweredIds ids;
    json::array decisions;  // what the guard did, the latest last
  };
  static json::object told(const std::string& name, const Entry& entry);
  void judge(const std::string& name, Entry& entry);
  void decide(const std::string& name, Entry& entry, EndpointConfig next, const std::string& what,
              const std::string& why);
  void save() const;
  Entry* current(const Choice& choice);

  std::filesystem::path file_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Entry, std::less<>> entries_;
  std::uint64_t generations_ = 0;
};

}  // namespace gyre

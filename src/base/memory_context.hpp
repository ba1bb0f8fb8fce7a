#pragma once
// A StepContext for unit tests: inputs are given, outputs go to a temporary folder, what was told is remembered.
#include <functional>
#include <map>

#include "base/file.hpp"
#include "base/step.hpp"

namespace gyre {

class MemoryContext : public StepContext {
 public:
  std::map<std::string, fs::path, std::less<>> inputs;
  std::map<std::string, std::vector<double>, std::less<>> metrics;
  std::vector<std::string> lines;  // what was said
  double done = 0, total = 0;      // of the last progress
  int cores = 1;
  std::function<bool()> stop = [] { return false; };

  bool has_input(std::string_view name) const override { return inputs.find(name) != inputs.end(); }
  fs::path input(std::string_view name) const override {
    auto found = inputs.find(name);
    if (found == inputs.end()) throw Error(Code::invalid, "input \"" + std::string(name) + "\" is missing");
    return found->second;
  }
  fs::path output(std::string_view name) const override { return folder_.path() / name; }
  fs::path checkpoint() const override {
    make_folders(folder_.path() / ".checkpoint");
    return folder_.path() / ".checkpoint";
  }
  int threads() const override { return cores; }
  bool stop_requested() const override { return stop(); }
  void metric(std::string_view name, double value, std::int64_t) override {
    auto found = metrics.try_emplace(std::string(name)).first;
    found->second.push_back(value);
  }
  void progress(double now, double all, std::string_view) override { done = now, total = all; }
  void say(std::string_view line) override { lines.emplace_back(line); }
  bool said(std::string_view part) const {
    for (auto& line : lines)
      if (line.find(part) != std::string::npos) return true;
    return false;
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace gyre

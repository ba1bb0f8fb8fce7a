#pragma once
// A running helper (edge/helper.hpp), as the agent sees it: one at a time.
#include <filesystem>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/process.hpp"

namespace gyre {

class HelperProcess {
 public:
  // `work`: "install" (with the image) or "validate"; its result is written to <state>/run/helper.json.
  HelperProcess(const fs::path& state, const fs::path& config, std::string work, std::string image);
  const std::string& work() const { return work_; }
  const std::string& image() const { return image_; }
  bool running() { return child_.running(); }
  std::optional<Error> failure();  // after its end

 private:
  fs::path result_;
  std::string work_, image_;
  Child child_;
};

// The helper's side: runs `work`, writes how it went, gives the exit code.
int run_helper(const fs::path& state, const fs::path& config, const std::string& work, const std::string& image);

}  // namespace gyre

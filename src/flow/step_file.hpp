#pragma once
// The contract between the runner and a step's process (docs/formats/step.md): step.json tells the process what to do;
// JSON lines on fd 3 tell the runner what happens.
#include <filesystem>
#include <map>
#include <string>

#include "base/json.hpp"

namespace gyre {

struct StepFile {
  std::string step;
  json::object options;
  std::map<std::string, std::string> inputs;   // name -> path
  std::map<std::string, std::string> outputs;  // name -> path to make
  std::string checkpoint;
  int threads = 1;
};
json::object to_json(const StepFile& file);
StepFile step_file_from(const json::value& value);

// `<program> step <step.json>`: runs the step; 0 done, 75 stopped early with usable outputs, else the error's exit
// code.
int step_main(const std::filesystem::path& step_json);
inline constexpr int stopped_exit_code = 75;

}  // namespace gyre

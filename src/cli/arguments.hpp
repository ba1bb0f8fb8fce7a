#pragma once
// From words on the command line to a command or a step and its values; help pages come from the same declarations.
#include <string>
#include <vector>

#include "base/command.hpp"
#include "base/step.hpp"

namespace gyre {

struct Invocation {
  const Command* command = nullptr;  // one of the two
  const Step* step = nullptr;
  json::object values;  // a command's arguments and options; a step's options
  json::object inputs;  // a step's inputs: name -> reference
  std::string keep_as;  // a step's --as
  std::string out;      // a step's --out
  bool fresh = false;
  bool json = false;
  int exit_code = -1;  // >= 0: help or an error was printed, end with it
};

std::string as_people_write(const json::value& value);  // 0.2, not 2E-1

Invocation parse_command_line(int argc, char** argv);

}  // namespace gyre

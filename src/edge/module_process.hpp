#pragma once
// The lines that a module writes, and the command that starts it.
#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

// Reads what a non-blocking pipe holds, and gives whole lines that are JSON objects. A line that is none, or longer
// than 1 MiB, is logged and left out: a module is not trusted.
class LineReader {
 public:
  using Take = std::function<void(const json::object& line)>;
  bool read(int fd, const Take& take);  // whether anything came

 private:
  std::string pending_;
};

// The image's entrypoint, then `verb` and the options that every module takes.
std::vector<std::string> module_command(const json::object& image_config, const std::string& verb);

}  // namespace gyre

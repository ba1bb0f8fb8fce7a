#include "pack/libraries.hpp"

#include <sstream>

#include "base/process.hpp"

namespace gyre {

std::map<std::string, fs::path> parse_ldd(std::string_view output, const std::string& program) {
  std::map<std::string, fs::path> files;
  std::istringstream lines{std::string(output)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);  // "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x...)", "/lib64/ld-... (0x...)"
    std::string name, arrow, path;
    words >> name >> arrow >> path;
    if (arrow == "=>" && path == "not")
      throw Error(Code::not_found, program + " needs " + name + ", which is not on this machine",
                  "install the library and try again");
    if (arrow == "=>" && path.starts_with('/'))
      files["lib/" + name] = path;
    else if (name.starts_with('/') && arrow.starts_with("(0x"))
      files[name.substr(1)] = name;
  }
  return files;
}

std::map<std::string, fs::path> needed_libraries(const fs::path& program) {
  Finished listed = run_program({"ldd", program.string()});
  bool alone = listed.output.find("statically linked") != std::string::npos ||
               listed.output.find("not a dynamic executable") != std::string::npos;
  if (alone) return {};
  if (listed.code != 0) throw Error(Code::invalid, "ldd cannot read " + program.string() + ": " + listed.output);
  return parse_ldd(listed.output, program.string());
}

fs::path loaded_file(std::string_view name_start) {
  std::istringstream lines(read_file("/proc/self/maps"));
  for (std::string line; std::getline(lines, line);) {
    auto slash = line.find('/');
    if (slash == line.npos) continue;
    fs::path file = line.substr(slash);
    if (file.filename().string().starts_with(name_start)) return file;
  }
  throw Error(Code::internal, std::string(name_start) + " is not loaded in this process");
}

}  // namespace gyre

#pragma once
// Which files a program needs beside itself: what the system's loader would load for it.
#include <filesystem>
#include <map>
#include <string>

namespace gyre {

// Path in the image -> file here. Shared objects lie in lib/ by their name, the loader where the program looks for it.
std::map<std::string, std::filesystem::path> needed_libraries(const std::filesystem::path& program);
// What `ldd` prints -> the same. Error{not_found} names a library that is not on this machine.
std::map<std::string, std::filesystem::path> parse_ldd(std::string_view output, const std::string& program);

// A file that is loaded in this very process, by the start of its name: the ONNX Runtime that a session here runs on.
std::filesystem::path loaded_file(std::string_view name_start);

}  // namespace gyre

#pragma once
// What the gathering steps share: file by file from a folder of a user's into a new data set.
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/step.hpp"

namespace gyre {

// What becomes of files that cannot be read: the step stops and changes nothing, or goes on without them and lists
// them.
inline const std::vector<std::string> corrupt_choices{"stop", "leave-out"};

struct Piece {
  fs::path path;  // relative, in the new data set
  std::string bytes;
};
// Turns one file into pieces of the data set; throws Error{invalid} for a corrupt one; nothing: it is no such data.
using Convert = std::function<std::vector<Piece>(const fs::path& relative, std::string bytes)>;

// Gives how many pieces were written to `to`. Says what was left out; Error{invalid} when corrupt files stop it or
// nothing is left.
std::size_t gather_files(StepContext& context, const fs::path& from, const fs::path& to, const std::string& corrupt,
                         const Convert& convert);

// The files of `from`: of a single file, itself.
std::vector<fs::path> files_of(const fs::path& from);
fs::path file_in(const fs::path& from, const fs::path& relative);

bool has_extension(const fs::path& path, std::initializer_list<std::string_view> extensions);  // in any case

// What a user calls an input: its file's name; `else_name` when it came by name or digest and so under its digest.
std::string name_of_input(const std::filesystem::path& input, std::string_view else_name);

std::string counted(std::size_t count, std::string_view one, std::string_view many);  // "1 file", "2 files"
void say_all(StepContext& context, const std::vector<std::string>& findings);

}  // namespace gyre

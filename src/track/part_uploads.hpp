#pragma once
// Artifacts that clients send in parts: <workspace>/parts/<id>/ with a file `path`, where the artifact is to be, and
// the parts 1, 2 ... as they come, in any order. Nothing is an artifact before it is whole.
#include <string>
#include <vector>

#include "store/workspace.hpp"

namespace gyre {

class PartUploads {
 public:
  explicit PartUploads(Workspace& workspace);
  static constexpr std::int64_t most_parts = 10'000;

  struct Part {
    std::int64_t number = 0;
    std::string tag;  // what put() gave
  };
  std::string start(const std::string& path);  // its id; clears away what nobody went on with for a day
  // Takes the file over. A part that is sent again replaces the former.
  std::string put(const std::string& path, const std::string& id, std::int64_t number,
                  const std::filesystem::path& file);
  // The parts in their order become the artifact. Error{invalid} names one that is missing or another than was sent.
  void finish(const std::string& path, const std::string& id, std::vector<Part> parts, std::string_view who);
  void cancel(const std::string& path, const std::string& id);

 private:
  std::filesystem::path folder_of(const std::string& path, const std::string& id) const;
  void clear_old();

  Workspace& workspace_;
  std::filesystem::path root_;
};

}  // namespace gyre

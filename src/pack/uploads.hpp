#pragma once
// Uploads on their way into a repository: <workspace>/uploads/<id>/ with a file `repository` and what came so far in
// `data`. A client that was cut off asks how much there is and goes on, also after the server was killed.
#include <string>

#include "base/file.hpp"
#include "pack/registry.hpp"

namespace gyre {

class Uploads {
 public:
  explicit Uploads(Registry& registry);

  std::string start(const std::string& repository);  // its id; clears away what nobody went on with for a day
  std::uint64_t size(const std::string& repository, const std::string& id);
  // Appends a request's body. `first` is where the client says that it begins. Gives the new size.
  std::uint64_t append(const std::string& repository, const std::string& id, const Request& body,
                       std::optional<std::uint64_t> first = {});
  // Ends it: the content is a blob of the repository, if it has that digest; else the upload is gone and nothing else.
  void finish(const std::string& repository, const std::string& id, const Request& body, const std::string& digest);
  void cancel(const std::string& repository, const std::string& id);

 private:
  fs::path folder_of(const std::string& repository, const std::string& id) const;
  void clear_old();
  Registry& registry_;
  fs::path root_;
};

}  // namespace gyre

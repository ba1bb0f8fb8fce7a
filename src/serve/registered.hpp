#pragma once
// Registered models on their way to being served: which version an alias means now, its content by its digest.
#include <map>

#include "base/command.hpp"
#include "base/file.hpp"
#include "serve/repository.hpp"

namespace gyre {

class RegisteredModels {
 public:
  // `int8_loss`: a version's 8-bit variant is taken instead when what it loses is registered and not more than this
  // (as a share: 0.005 is half a point); 0: never.
  RegisteredModels(CommandContext& context, double int8_loss) : context_(context), int8_loss_(int8_loss) {}

  // NAME, NAME@3, NAME@champion as it is now, with its aliases as labels. What was fetched once is not fetched again.
  // Error{not_found} says where to look.
  void add_to(ModelFiles& files, const std::string& reference);

 private:
  struct Content {
    std::string digest;  // empty: not known, the content is fetched by `path`
    std::string path;    // of the API
    std::string variant;
  };
  Content content_of(const json::value& version, const std::string& path) const;
  fs::path fetched(const Content& content);
  CommandContext& context_;
  double int8_loss_;
  TemporaryFolder folder_;
  std::map<std::string, fs::path> known_;  // by digest, or by path
};

}  // namespace gyre

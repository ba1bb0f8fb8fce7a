#pragma once
// The registry's content: repositories of manifests, tags and blobs over the workspace's blob store. A repository gives
// out only what was pushed to it. Nothing is visible before it is whole: bytes first, rows last, in one transaction.
#include <optional>
#include <string>
#include <vector>

#include "base/package.hpp"
#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

// An error as OCI clients know it ("MANIFEST_UNKNOWN"), with the status that the specification gives it.
struct RegistryError : Error {
  RegistryError(Code code, int status, std::string name, std::string text, std::string hint = {})
      : Error(code, std::move(text), std::move(hint)), status(status), name(std::move(name)) {}
  int status;
  std::string name;
};
RegistryError digest_invalid(const std::string& text);

struct StoredManifest {
  std::string digest;
  std::string type;
  std::string bytes;
};

class Registry {
 public:
  explicit Registry(Workspace& workspace) : workspace_(workspace) {}

  bool has_blob(const std::string& repository, const std::string& digest);
  Descriptor get_blob(const std::string& repository, const std::string& digest);
  // The content must be in the blob store already.
  void link_blob(const std::string& repository, const std::string& digest);
  void delete_blob(const std::string& repository, const std::string& digest);

  // `reference` is a tag or a digest; gives the manifest's digest. Everything it names must have been pushed before.
  std::string put_manifest(const std::string& repository, const std::string& reference, const std::string& type,
                           const std::string& bytes);
  StoredManifest get_manifest(const std::string& repository, const std::string& reference);
  void delete_manifest(const std::string& repository, const std::string& reference);  // of a tag: the tag alone
  std::optional<std::string> subject_of(const std::string& repository, const std::string& digest);

  // Sorted, those behind `last`, at most `most`. Error NAME_UNKNOWN for a repository without content.
  std::vector<std::string> tags(const std::string& repository, const std::string& last, std::int64_t most);
  std::vector<std::string> repositories(const std::string& last, std::int64_t most);
  // An image index of the manifests that refer to `digest`; `artifact_type` empty: all.
  json::object referrers(const std::string& repository, const std::string& digest, const std::string& artifact_type);

  Workspace& workspace() { return workspace_; }

 private:
  void check_parts(const std::string& repository, const json::value& manifest);
  Workspace& workspace_;
};

}  // namespace gyre

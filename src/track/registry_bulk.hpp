#pragma once
// Thousands of models registered together: some thousand to a transaction, each with its entry in the audit log.
#include <span>

#include "track/registry.hpp"

namespace gyre {

struct BulkVersion {
  std::string name;
  std::string digest;  // of content that is there: whoever calls knows
  json::object lineage;
  json::object metrics;
  std::vector<std::pair<std::string, std::string>> tags;
};

// The number of each, in their order. As with register_version, the same content under the same name is the same
// version; its tags become those given. `made_from`: the data whose edge of lineage leads to each. A call that was
// killed leaves whole transactions behind, and is right when it is made again.
std::vector<std::int64_t> register_versions(Workspace& workspace, std::span<const BulkVersion> versions,
                                            const std::string& made_from, std::string_view who = "local");

}  // namespace gyre

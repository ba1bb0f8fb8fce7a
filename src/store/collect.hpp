#pragma once
// Removes blobs that nothing refers to. What refers to one is not listed: every text of every table holds the digests
// in it, so that a new table is safe from its first day. Only tables that merely mention content are named.
// docs/decisions/0020-what-holds-content.md.
#include <span>
#include <string_view>

#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

// A table that does not hold the content that it mentions.
struct Mention {
  std::string_view table;
  std::string_view where{};  // rows that hold all the same, as SQL; empty: none
  bool cache = false;        // it holds, too, unless the cache may go
};

struct CollectOptions {
  bool remove = false;  // else it is only counted
  bool cache = false;   // results that a pipeline could make again go too
  std::int64_t older_than_ms = 3'600'000;
  std::string who = "local";
};

// {"kept","kept_bytes","unused","unused_bytes","removed"}
json::object collect_blobs(Workspace& workspace, std::span<const Mention> mentions, const CollectOptions& options);

std::vector<Route> collect_routes(Workspace& workspace, std::span<const Mention> mentions);  // /api/gc

}  // namespace gyre

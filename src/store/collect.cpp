#include "store/collect.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/clock.hpp"
#include "base/hash.hpp"

namespace gyre {

using Digests = std::unordered_set<std::string>;

static void take_digests(std::string_view text, Digests& digests) {
  for (auto at = text.find("sha256:"); at != std::string_view::npos; at = text.find("sha256:", at + 7))
    if (auto digest = text.substr(at, 71); is_digest(digest)) digests.emplace(digest);
}

static std::string quoted(const std::string& name) { return "\"" + name + "\""; }

static void take_column(Rows& rows, const Rows::Column& column, std::string_view where, Digests& digests) {
  std::string name = quoted(column.name);
  std::string sql = "SELECT " + name + " FROM " + quoted(column.table) + " WHERE " + name + " LIKE '%sha256:%'";
  if (!where.empty()) sql += " AND (" + std::string(where) + ")";
  rows.each(sql, {}, [&](const SqlColumns& row) { take_digests(row.text(0), digests); });
}

static Digests mark(Workspace& workspace, std::span<const Mention> mentions, bool cache) {
  Digests digests;
  auto& rows = workspace.rows();
  for (auto& column : rows.text_columns()) {
    auto mention = std::find_if(mentions.begin(), mentions.end(), [&](auto& one) { return one.table == column.table; });
    if (mention == mentions.end() || (mention->cache && !cache))
      take_column(rows, column, "", digests);
    else if (!mention->where.empty())
      take_column(rows, column, mention->where, digests);
  }
  Digests within;  // a tree holds its files
  for (auto& digest : digests)
    if (workspace.blobs().has(digest) && workspace.blobs().is_tree(digest))
      for (auto& file : workspace.blobs().files_of(digest)) within.insert(file);
  digests.merge(within);
  return digests;
}

json::object collect_blobs(Workspace& workspace, std::span<const Mention> mentions, const CollectOptions& options) {
  // Whoever refers to a blob from now on has put it or asked for it after this moment.
  std::int64_t unused_since = now_ms() - options.older_than_ms;
  auto& blobs = workspace.blobs();
  auto stored = blobs.stored();
  Digests held = mark(workspace, mentions, options.cache);
  if (options.cache && options.remove)
    workspace.rows().transaction([&] {
      for (auto& mention : mentions)
        if (mention.cache && mention.where.empty()) workspace.rows().run("DELETE FROM " + std::string(mention.table));
    });
  std::uint64_t kept = 0, kept_bytes = 0, unused = 0, unused_bytes = 0;
  for (auto& blob : stored) {
    bool keep = held.contains(blob.digest) || blob.used_at >= unused_since;
    if (!keep && options.remove) keep = !blobs.remove(blob.digest, unused_since);  // used since it was listed
    (keep ? kept : unused)++;
    (keep ? kept_bytes : unused_bytes) += blob.bytes;
  }
  json::object counts{{"kept", kept}, {"kept_bytes", kept_bytes}, {"unused", unused}, {"unused_bytes", unused_bytes}};
  if (options.remove && unused > 0) workspace.audit(options.who, "gc", "blobs", nullptr, counts);
  counts["removed"] = options.remove;
  return counts;
}

static bool flag(const json::value& body, std::string_view name) { return find(body, name) && get_bool(body, name); }

std::vector<Route> collect_routes(Workspace& workspace, std::span<const Mention> mentions) {
  return {{"POST", "/api/gc", "Count, or remove, content that nothing refers to: {delete, cache, older_than_seconds}",
           [&workspace, mentions](Request& request) {
             auto body = request.json_body();
             double seconds = find_number(body, "older_than_seconds").value_or(3600);
             if (!(seconds >= 0 && seconds < 1e9))
               throw Error(Code::invalid, "older_than_seconds must be from 0 to 1000000000");
             return json_response(collect_blobs(workspace, mentions,
                                                {.remove = flag(body, "delete"),
                                                 .cache = flag(body, "cache"),
                                                 .older_than_ms = static_cast<std::int64_t>(seconds * 1000),
                                                 .who = request.who}));
           }}};
}

}  // namespace gyre

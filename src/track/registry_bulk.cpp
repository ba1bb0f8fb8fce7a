#include "track/registry_bulk.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "track/lineage.hpp"

namespace gyre {

static constexpr std::size_t versions_at_once = 4000;

static std::int64_t register_one(Workspace& workspace, const BulkVersion& wanted, const std::string& made_from,
                                 std::string_view who, std::int64_t at) {
  auto& rows = workspace.rows();
  std::int64_t number = 0;
  if (auto same = rows.one("SELECT version FROM model_version WHERE model = $1 AND digest = $2",
                           {wanted.name, wanted.digest})) {
    number = get_int(*same, "version");
    rows.run("DELETE FROM model_version_tag WHERE model = $1 AND version = $2", {wanted.name, number});
  } else {
    // Named and numbered at once: most of these models are new.
    number = get_int(*rows.one("INSERT INTO model VALUES ($1, '', 1, $2, $2) ON CONFLICT (name) DO UPDATE SET"
                               " last_version = model.last_version + 1, updated_at = $2 RETURNING last_version",
                               {wanted.name, at}),
                     "last_version");
    rows.run(
        "INSERT INTO model_version (model, version, digest, source, run_id, description, stage, lineage, metrics, who,"
        " created_at, updated_at, logged_model, run_link)"
        " VALUES ($1, $2, $3, $4, $5, '', 'None', $6, $7, $8, $9, $9, '', '')",
        {wanted.name, number, wanted.digest, "gyre:" + wanted.digest, string_or(wanted.lineage, "run", ""),
         wanted.lineage, wanted.metrics, who, at});
    std::string reference = wanted.name + "@" + std::to_string(number);
    add_edge(workspace, {"data", made_from}, {"model", reference}, "registered");
    workspace.audit(who, "model register", reference, nullptr, {{"digest", wanted.digest}, {"from", made_from}});
  }
  for (auto& [key, value] : wanted.tags)
    rows.run("INSERT INTO model_version_tag VALUES ($1, $2, $3, $4)", {wanted.name, number, key, value});
  return number;
}

std::vector<std::int64_t> register_versions(Workspace& workspace, std::span<const BulkVersion> versions,
                                            const std::string& made_from, std::string_view who) {
  for (auto& version : versions) {
    check_model_name(version.name);
    if (!workspace.blobs().has(version.digest))
      throw Error(Code::not_found, "no content " + version.digest + " is in this workspace");
  }
  std::vector<std::int64_t> numbers;
  numbers.reserve(versions.size());
  auto at = now_ms();
  for (std::size_t first = 0; first < versions.size(); first += versions_at_once)
    workspace.rows().transaction([&] {
      for (auto& version : versions.subspan(first, std::min(versions_at_once, versions.size() - first)))
        numbers.push_back(register_one(workspace, version, made_from, who, at));
    });
  return numbers;
}

}  // namespace gyre

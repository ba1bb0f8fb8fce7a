#include "track/registry_bulk.hpp"

#include <map>
#include <set>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "store/audit.hpp"
#include "store/row_batch.hpp"

namespace gyre {

static constexpr std::size_t versions_at_once = 4000;

namespace {

class BulkRegistration {
 public:
  BulkRegistration(Workspace& workspace, const std::string& made_from, std::string_view who)
      : workspace_(workspace), rows_(workspace.rows()), made_from_(made_from), who_(who) {}

  void add(std::span<const BulkVersion> versions, std::vector<std::int64_t>& numbers) {
    while (!versions.empty()) {
      auto some = versions.first(that_differ(versions));
      add_some(some, numbers);
      versions = versions.subspan(some.size());
    }
    for (auto* batch : {&versions_, &edges_, &tags_}) batch->flush();
    workspace_.audit_log().append(who_, "model register", entries_);
    entries_.clear();
  }

 private:
  // How many of the first have names of their own: a statement touches a model once.
  static std::size_t that_differ(std::span<const BulkVersion> versions) {
    std::set<std::string_view> names;
    std::size_t count = 0;
    while (count < std::min(versions.size(), RowBatch::at_once) && names.insert(versions[count].name).second) count++;
    return count;
  }

  void add_some(std::span<const BulkVersion> versions, std::vector<std::int64_t>& numbers) {
    SqlValues names;
    for (auto& version : versions) names.emplace_back(version.name);
    std::map<std::pair<std::string, std::string>, std::int64_t> known;
    rows_.each("SELECT model, digest, version FROM model_version WHERE digest IS NOT NULL AND model IN (" +
                   parameters_from(1, names.size()) + ")",
               names, [&](const SqlColumns& row) {
                 known[{std::string(row.text(0)), std::string(row.text(1))}] = row.integer(2);
               });
    SqlValues fresh{at_};
    for (auto& version : versions)
      if (!known.contains({version.name, version.digest})) fresh.emplace_back(version.name);
    auto given = numbered(fresh);
    for (auto& version : versions) {
      auto same = known.find({version.name, version.digest});
      auto number = same == known.end() ? given.at(version.name) : same->second;
      if (same == known.end())
        add_one(version, number);
      else
        rows_.run("DELETE FROM model_version_tag WHERE model = $1 AND version = $2", {version.name, number});
      numbers.push_back(number);
    }
    versions_.flush();  // tags refer to them
    auto number = numbers.end() - static_cast<std::ptrdiff_t>(versions.size());
    for (auto& version : versions) {
      for (auto& [key, value] : version.tags) tags_.add({version.name, *number, key, value});
      number++;
    }
  }

  // Models are named and their versions numbered at once: most of them are new. `fresh`: the time, then names.
  std::map<std::string, std::int64_t> numbered(const SqlValues& fresh) {
    std::map<std::string, std::int64_t> given;
    if (fresh.size() == 1) return given;
    std::string sql = "INSERT INTO model VALUES ";
    for (std::size_t i = 1; i < fresh.size(); i++)
      sql += std::string(i > 1 ? "," : "") + "($" + std::to_string(i + 1) + ",'',1,$1,$1)";
    sql +=
        " ON CONFLICT (name) DO UPDATE SET last_version = model.last_version + 1, updated_at = excluded.updated_at"
        " RETURNING name, last_version";
    rows_.each(sql, fresh, [&](const SqlColumns& row) { given[std::string(row.text(0))] = row.integer(1); });
    return given;
  }

  void add_one(const BulkVersion& version, std::int64_t number) {
    versions_.add({version.name, number, version.digest, "gyre:" + version.digest,
                   string_or(version.lineage, "run", ""), "", "None", version.lineage, version.metrics, who_, at_, at_,
                   "", ""});
    std::string reference = version.name + "@" + std::to_string(number);
    edges_.add({"data", made_from_, "model", reference, "registered", at_});
    entries_.push_back({std::move(reference), {{"digest", version.digest}, {"from", made_from_}}});
  }

  Workspace& workspace_;
  Rows& rows_;
  std::string made_from_;
  std::string who_;
  std::int64_t at_ = now_ms();
  RowBatch versions_{rows_,
                     "INSERT INTO model_version (model, version, digest, source, run_id, description, stage, lineage,"
                     " metrics, who, created_at, updated_at, logged_model, run_link)",
                     14};
  RowBatch edges_{rows_, "INSERT INTO lineage_edge", 6,
                  " ON CONFLICT (from_kind, from_id, to_kind, to_id, how) DO NOTHING"};
  RowBatch tags_{rows_, "INSERT INTO model_version_tag", 4};
  std::vector<AuditNews> entries_;
};

}  // namespace

std::vector<std::int64_t> register_versions(Workspace& workspace, std::span<const BulkVersion> versions,
                                            const std::string& made_from, std::string_view who) {
  for (auto& version : versions) check_model_name(version.name);
  std::vector<std::int64_t> numbers;
  numbers.reserve(versions.size());
  for (std::size_t first = 0; first < versions.size(); first += versions_at_once)
    workspace.rows().transaction([&] {
      numbers.resize(first);  // a body may run again
      BulkRegistration registration(workspace, made_from, who);
      registration.add(versions.subspan(first, std::min(versions_at_once, versions.size() - first)), numbers);
    });
  return numbers;
}

}  // namespace gyre

#include "track/registry.hpp"

#include <algorithm>
#include <cctype>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/route.hpp"
#include "track/lineage.hpp"

namespace gyre {

json::object to_json(const ModelVersion& version) {
  return {{"name", version.name},
          {"version", version.version},
          {"digest", version.digest},
          {"source", version.source},
          {"run_id", version.run_id},
          {"description", version.description},
          {"stage", version.stage},
          {"lineage", version.lineage},
          {"metrics", version.metrics},
          {"aliases", json::value_from(version.aliases)},
          {"who", version.who},
          {"created_at", version.created_at},
          {"updated_at", version.updated_at}};
}

void check_model_name(const std::string& name) {
  if (name.empty() || name.size() > 200) throw Error(Code::invalid, "a model's name has 1 to 200 characters");
  bool blank = name.find_first_not_of(" \t\r\n") == std::string::npos;
  if (blank || name.starts_with("..") || name == "." || name.find_first_of("/:@") != std::string::npos)
    throw Error(Code::invalid, "\"" + name + "\" cannot be a model's name", "it holds none of / : @ and is no path");
}

ModelVersion version_from(Workspace& workspace, const Row& row) {
  ModelVersion version{.name = get_string(row, "model"),
                       .version = get_int(row, "version"),
                       .digest = string_or(row, "digest", ""),
                       .source = get_string(row, "source"),
                       .run_id = get_string(row, "run_id"),
                       .logged_model = get_string(row, "logged_model"),
                       .run_link = get_string(row, "run_link"),
                       .description = get_string(row, "description"),
                       .stage = get_string(row, "stage"),
                       .lineage = parse_json(get_string(row, "lineage"), "lineage").as_object(),
                       .metrics = parse_json(get_string(row, "metrics"), "metrics").as_object(),
                       .who = get_string(row, "who"),
                       .created_at = get_int(row, "created_at"),
                       .updated_at = get_int(row, "updated_at")};
  for (auto& alias :
       workspace.rows().query("SELECT alias FROM model_alias WHERE model = $1 AND version = $2 ORDER BY alias",
                              {version.name, version.version}))
    version.aliases.push_back(get_string(alias, "alias"));
  return version;
}

void create_model(Workspace& workspace, const std::string& name, const std::string& description, std::string_view who) {
  check_model_name(name);
  workspace.rows().transaction([&] {
    if (workspace.rows().one("SELECT name FROM model WHERE name = $1", {name}))
      throw Error(Code::conflict, "a model named " + name + " exists already", "register a version of it");
    auto at = now_ms();
    workspace.rows().run("INSERT INTO model VALUES ($1, $2, 0, $3, $3)", {name, description, at});
    workspace.audit(who, "model create", name, nullptr, {{"description", description}});
  });
}

static std::int64_t next_version(Workspace& workspace, const std::string& name, std::int64_t at) {
  auto row = workspace.rows().one(
      "UPDATE model SET last_version = last_version + 1, updated_at = $2 WHERE name = $1 RETURNING last_version",
      {name, at});
  if (!row) throw Error(Code::not_found, "there is no model named " + name, "gyre models lists them");
  return get_int(*row, "last_version");
}

static void insert_version(Workspace& workspace, const ModelVersion& version) {
  workspace.rows().run(
      "INSERT INTO model_version (model, version, digest, source, run_id, description, stage, lineage, metrics, who,"
      " created_at, updated_at, logged_model, run_link)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13)",
      {version.name, version.version, version.digest.empty() ? json::value() : json::value(version.digest),
       version.source, version.run_id, version.description, version.stage, version.lineage, version.metrics,
       version.who, version.created_at, version.logged_model, version.run_link});
  workspace.audit(version.who, "model register", version.reference(), nullptr,
                  {{"digest", version.digest}, {"source", version.source}, {"lineage", version.lineage}});
}

// data -> run -> model; without a run, data -> model.
static void draw_lineage(Workspace& workspace, const ModelVersion& version) {
  Thing model{"model", version.reference()};
  // Who registers content alone may not know which run made it: the content leads there.
  if (!version.digest.empty() && version.run_id.empty())
    add_edge(workspace, {"data", version.digest}, model, "registered");
  if (!version.run_id.empty()) add_edge(workspace, {"run", version.run_id}, model, "made");
  auto* data = find(version.lineage, "data");
  if (!data) return;
  auto digests = data->is_array() ? data->get_array() : json::array{*data};
  for (auto& digest : digests)
    if (digest.is_string()) {
      Thing used{"data", std::string(digest.get_string())};
      if (version.run_id.empty())
        add_edge(workspace, used, model, "trained on");
      else
        add_edge(workspace, used, {"run", version.run_id}, "used");
    }
}

ModelVersion register_version(Workspace& workspace, const std::string& name, const std::string& digest,
                              const json::object& lineage, const json::object& metrics, std::string_view who) {
  check_model_name(name);
  if (!is_digest(digest)) throw Error(Code::invalid, "\"" + digest + "\" is no digest", "as sha256:<64 hex digits>");
  if (!workspace.blobs().has(digest)) throw Error(Code::not_found, "no content " + digest + " is in this workspace");
  ModelVersion version;
  workspace.rows().transaction([&] {
    auto same = workspace.rows().one("SELECT * FROM model_version WHERE model = $1 AND digest = $2", {name, digest});
    if (same) {
      version = version_from(workspace, *same);
      return;
    }
    if (!workspace.rows().one("SELECT name FROM model WHERE name = $1", {name})) create_model(workspace, name, "", who);
    auto at = now_ms();
    version = {.name = name,
               .version = next_version(workspace, name, at),
               .digest = digest,
               .source = "gyre:" + digest,
               .run_id = string_or(lineage, "run", ""),
               .lineage = lineage,
               .metrics = metrics,
               .who = std::string(who),
               .created_at = at,
               .updated_at = at};
    insert_version(workspace, version);
    draw_lineage(workspace, version);
  });
  return version;
}

ModelVersion register_source(Workspace& workspace, const ForeignVersion& wanted, std::string_view who) {
  ModelVersion version;
  workspace.rows().transaction([&] {
    auto at = now_ms();
    version = {.name = wanted.name,
               .version = next_version(workspace, wanted.name, at),
               .source = wanted.source,
               .run_id = wanted.run_id,
               .logged_model = wanted.logged_model,
               .run_link = wanted.run_link,
               .description = wanted.description,
               .who = std::string(who),
               .created_at = at,
               .updated_at = at};
    insert_version(workspace, version);
    draw_lineage(workspace, version);
  });
  return version;
}

std::optional<ModelVersion> find_version(Workspace& workspace, const std::string& reference) {
  auto at = reference.find('@');
  std::string name = reference.substr(0, at), which = at == std::string::npos ? "" : reference.substr(at + 1);
  auto& rows = workspace.rows();
  std::optional<Row> row;
  if (which.empty() || which == "latest")
    row = rows.one("SELECT * FROM model_version WHERE model = $1 ORDER BY version DESC LIMIT 1", {name});
  else if (which.find_first_not_of("0123456789") == std::string::npos && which.size() < 18)
    row = rows.one("SELECT * FROM model_version WHERE model = $1 AND version = $2", {name, std::stoll(which)});
  else
    row = rows.one(
        "SELECT v.* FROM model_version v JOIN model_alias a ON a.model = v.model AND a.version = v.version"
        " WHERE a.model = $1 AND a.alias = $2",
        {name, which});
  if (!row) return {};
  return version_from(workspace, *row);
}

ModelVersion get_version(Workspace& workspace, const std::string& reference) {
  if (auto version = find_version(workspace, reference)) return *version;
  std::string name = reference.substr(0, reference.find('@'));
  std::string there;
  for (auto& version : list_versions(workspace, name)) {
    there += (there.empty() ? "" : ", ") + std::to_string(version.version);
    for (auto& alias : version.aliases) there += " (" + alias + ")";
  }
  throw Error(Code::not_found, "there is no model " + reference,
              there.empty() ? "gyre models lists what there is" : name + " has the versions " + there);
}

std::vector<ModelVersion> list_versions(Workspace& workspace, const std::string& name) {
  std::vector<ModelVersion> versions;
  for (auto& row : workspace.rows().query("SELECT * FROM model_version WHERE model = $1 ORDER BY version DESC", {name}))
    versions.push_back(version_from(workspace, row));
  return versions;
}

static json::value alias_target(Workspace& workspace, const std::string& name, const std::string& alias) {
  auto row = workspace.rows().one("SELECT version FROM model_alias WHERE model = $1 AND alias = $2", {name, alias});
  return row ? row->at("version") : json::value();
}

void set_alias(Workspace& workspace, const std::string& name, const std::string& alias, std::int64_t version,
               std::string_view who) {
  LessNoCase less;
  auto letter = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-' || c >= 0x80; };
  std::string digits = alias.substr(alias.starts_with('v') || alias.starts_with('V') ? 1 : 0);
  bool number = !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
  bool latest = !less(alias, "latest") && !less("latest", alias);
  if (alias.empty() || alias.size() > 255 || number || latest || !std::all_of(alias.begin(), alias.end(), letter))
    throw Error(Code::invalid, "\"" + alias + "\" cannot be an alias",
                "a word of letters, digits, _ and - such as champion; not a number, v1 or latest");
  workspace.rows().transaction([&] {
    get_version(workspace, name + "@" + std::to_string(version));
    json::value before = alias_target(workspace, name, alias);
    if (before == json::value(version)) return;
    workspace.rows().run(
        "INSERT INTO model_alias VALUES ($1, $2, $3) ON CONFLICT (model, alias) DO UPDATE SET version = $3",
        {name, alias, version});
    workspace.audit(who, "model alias", name + "@" + alias, before, version);
  });
}

void delete_alias(Workspace& workspace, const std::string& name, const std::string& alias, std::string_view who) {
  workspace.rows().transaction([&] {
    json::value before = alias_target(workspace, name, alias);
    if (before.is_null()) throw Error(Code::not_found, "the model " + name + " has no alias " + alias);
    workspace.rows().run("DELETE FROM model_alias WHERE model = $1 AND alias = $2", {name, alias});
    workspace.audit(who, "model alias delete", name + "@" + alias, before, nullptr);
  });
}

void attach_result(Workspace& workspace, const std::string& name, std::int64_t version, const std::string& kind,
                   const json::object& result, std::string_view who) {
  if (kind.empty() || kind.size() > 100) throw Error(Code::invalid, "a result's kind has 1 to 100 characters");
  workspace.rows().transaction([&] {
    auto subject = get_version(workspace, name + "@" + std::to_string(version)).reference();
    workspace.rows().run("INSERT INTO model_result (model, version, kind, body, at) VALUES ($1, $2, $3, $4, $5)",
                         {name, version, kind, result, now_ms()});
    workspace.audit(who, "model result", subject, nullptr, {{"kind", kind}, {"digest", digest_of(canonical(result))}});
  });
}

json::array results_of(Workspace& workspace, const std::string& name, std::int64_t version) {
  json::array results;
  for (auto& row : workspace.rows().query(
           "SELECT kind, body, at FROM model_result WHERE model = $1 AND version = $2 ORDER BY id DESC",
           {name, version}))
    results.push_back(json::object{
        {"kind", row["kind"]}, {"result", parse_json(get_string(row, "body"), "result")}, {"at", row["at"]}});
  return results;
}

static json::object model_from(Workspace& workspace, const Row& row) {
  json::object model(row);
  json::object aliases;
  for (auto& alias : workspace.rows().query("SELECT alias, version FROM model_alias WHERE model = $1 ORDER BY alias",
                                            {row.at("name")}))
    aliases[get_string(alias, "alias")] = alias["version"];
  model["aliases"] = std::move(aliases);
  return model;
}

static constexpr std::string_view model_columns =
    "SELECT name, description, created_at, updated_at,"
    " (SELECT max(version) FROM model_version WHERE model = name) AS newest,"
    " (SELECT count(*) FROM model_version WHERE model = name) AS versions FROM model ";

json::object get_model(Workspace& workspace, const std::string& name) {
  auto row = workspace.rows().one(std::string(model_columns) + "WHERE name = $1", {name});
  if (!row) throw Error(Code::not_found, "there is no model named " + name, "gyre models lists them");
  return model_from(workspace, *row);
}

json::array list_models(Workspace& workspace) {
  json::array models;
  for (auto& row : workspace.rows().query(std::string(model_columns) + "ORDER BY name"))
    models.push_back(model_from(workspace, row));
  return models;
}

}  // namespace gyre

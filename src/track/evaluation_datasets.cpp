#include "track/evaluation_datasets.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "track/ids.hpp"

namespace gyre {

// As MLflow's: a change of the data is a change of the digest.
static std::string digest_at(const std::string& name, std::int64_t at) {
  return digest_of(name + ":" + std::to_string(at)).substr(7, 8);
}

static std::optional<std::string> user_in(const json::object& tags) { return find_string(tags, "mlflow.user"); }

static json::value or_null(const std::optional<std::string>& text) { return text ? json::value(*text) : json::value(); }

static Row row_of(Workspace& workspace, const std::string& id) {
  auto row = workspace.rows().one("SELECT * FROM evaluation_dataset WHERE id = $1", {id});
  if (!row) throw Error(Code::not_found, "Evaluation dataset with id '" + id + "' not found");
  return *row;
}

static void put_tags(Workspace& workspace, const std::string& id, const json::object& tags) {
  for (auto& tag : tags) {
    if (tag.value().is_null()) continue;
    std::string value = tag.value().is_string() ? std::string(tag.value().get_string()) : json::serialize(tag.value());
    workspace.rows().run(
        "INSERT INTO evaluation_dataset_tag VALUES ($1, $2, $3) ON CONFLICT (dataset, key) DO UPDATE SET value = $3",
        {id, std::string_view(tag.key()), value});
  }
}

static EvaluationDataset dataset_from(Workspace& workspace, const Row& row) {
  EvaluationDataset dataset{.id = get_string(row, "id"),
                            .name = get_string(row, "name"),
                            .digest = get_string(row, "digest"),
                            .schema = find_string(row, "schema"),
                            .created_by = find_string(row, "created_by"),
                            .updated_by = find_string(row, "updated_by"),
                            .created_at = get_int(row, "created_at"),
                            .updated_at = get_int(row, "updated_at")};
  auto& rows = workspace.rows();
  for (auto& tag : rows.query("SELECT key, value FROM evaluation_dataset_tag WHERE dataset = $1", {dataset.id}))
    dataset.tags[get_string(tag, "key")] = tag["value"];
  for (auto& link : rows.query(
           "SELECT experiment FROM evaluation_dataset_experiment WHERE dataset = $1 ORDER BY experiment", {dataset.id}))
    dataset.experiments.push_back(get_int(link, "experiment"));
  dataset.records =
      get_int(*rows.one("SELECT count(*) AS n FROM evaluation_record WHERE dataset = $1", {dataset.id}), "n");
  return dataset;
}

static void link_experiments(Workspace& workspace, const std::string& id, const std::vector<std::int64_t>& ids) {
  for (auto experiment : ids) {
    get_experiment(workspace, experiment);
    workspace.rows().run("INSERT INTO evaluation_dataset_experiment VALUES ($1, $2) ON CONFLICT DO NOTHING",
                         {id, experiment});
  }
}

EvaluationDataset create_evaluation_dataset(Workspace& workspace, const std::string& name, const json::object& tags,
                                            const std::vector<std::int64_t>& experiments, std::string_view who) {
  if (name.empty() || name.size() > 255) throw Error(Code::invalid, "a data set's name has 1 to 255 characters");
  EvaluationDataset dataset;
  workspace.rows().transaction([&] {
    std::string id = "d-" + new_id();
    auto at = now_ms();
    auto user = or_null(user_in(tags));
    workspace.rows().run("INSERT INTO evaluation_dataset VALUES ($1, $2, $3, NULL, $4, $4, $5, $5)",
                         {id, name, digest_at(name, at), user, at});
    put_tags(workspace, id, tags);
    link_experiments(workspace, id, experiments);
    dataset = get_evaluation_dataset(workspace, id);
    workspace.audit(who, "evaluation dataset create", id, nullptr, {{"name", name}});
  });
  return dataset;
}

EvaluationDataset get_evaluation_dataset(Workspace& workspace, const std::string& id) {
  return dataset_from(workspace, row_of(workspace, id));
}

void delete_evaluation_dataset(Workspace& workspace, const std::string& id, std::string_view who) {
  workspace.rows().transaction([&] {
    auto gone = workspace.rows().query("DELETE FROM evaluation_dataset WHERE id = $1 RETURNING name", {id});
    if (!gone.empty()) workspace.audit(who, "evaluation dataset delete", id, {{"name", gone[0]["name"]}}, nullptr);
  });
}

void set_evaluation_dataset_tags(Workspace& workspace, const std::string& id, const json::object& tags) {
  workspace.rows().transaction([&] {
    row_of(workspace, id);
    put_tags(workspace, id, tags);
  });
}

void delete_evaluation_dataset_tag(Workspace& workspace, const std::string& id, const std::string& key) {
  workspace.rows().run("DELETE FROM evaluation_dataset_tag WHERE dataset = $1 AND key = $2", {id, key});
}

static void touch(Workspace& workspace, const std::string& id) {
  workspace.rows().run("UPDATE evaluation_dataset SET updated_at = $2 WHERE id = $1", {id, now_ms()});
}

void add_to_experiments(Workspace& workspace, const std::string& id, const std::vector<std::int64_t>& experiments) {
  workspace.rows().transaction([&] {
    row_of(workspace, id);
    link_experiments(workspace, id, experiments);
    touch(workspace, id);
  });
}

void remove_from_experiments(Workspace& workspace, const std::string& id,
                             const std::vector<std::int64_t>& experiments) {
  workspace.rows().transaction([&] {
    row_of(workspace, id);
    for (auto experiment : experiments)
      workspace.rows().run("DELETE FROM evaluation_dataset_experiment WHERE dataset = $1 AND experiment = $2",
                           {id, experiment});
    touch(workspace, id);
  });
}

Page<EvaluationDataset> search_evaluation_datasets(Workspace& workspace, const std::vector<std::int64_t>& experiments,
                                                   const Search& search) {
  auto found = search_evaluation_dataset_rows(workspace, experiments, search);
  Page<EvaluationDataset> page{.found = {}, .next = found.next};
  for (auto& row : found.found) page.found.push_back(dataset_from(workspace, row));
  return page;
}

static std::string type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::double_:
      return "float";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
    default:
      return "integer";
  }
}

// Adds the fields of a record that the schema does not know yet.
static void widen(json::object& schema, const json::object& record) {
  for (auto part : {"inputs", "outputs", "expectations"}) {
    auto* value = find(record, part);
    if (!value) continue;
    if (auto* fields = value->if_object()) {
      if (auto* known = schema[part].if_object())
        for (auto& field : *fields) known->emplace(field.key(), type_of(field.value()));
    } else if (auto* known = schema[part].if_object(); known && known->empty()) {
      schema[part] = type_of(*value);
    }
  }
}

static void check_record(const json::value& record) {
  bool good = record.is_object();
  for (auto part : {"inputs", "expectations", "tags"})
    if (auto* value = good ? find(record, part) : nullptr) good = value->is_object();
  if (!good)
    throw Error(Code::invalid, "a record is an object whose inputs, expectations and tags are objects: " +
                                   json::serialize(record).substr(0, 200));
}

static void merge_into(json::object& body, const json::object& more) {
  if (auto* outputs = more.if_contains("outputs")) body["outputs"] = *outputs;
  for (auto part : {"expectations", "tags"})
    if (auto* values = find(more, part)) {
      if (!body[part].is_object()) body[part] = json::object();
      for (auto& member : values->get_object()) body[part].get_object()[member.key()] = member.value();
    }
}

static bool put_record(Workspace& workspace, const std::string& id, const json::object& record, std::int64_t at) {
  auto* inputs = find(record, "inputs");
  std::string digest = digest_of(canonical(inputs ? *inputs : json::value(json::object())));
  auto* tags = find(record, "tags");
  auto user = or_null(tags ? user_in(tags->get_object()) : std::nullopt);
  auto before =
      workspace.rows().one("SELECT * FROM evaluation_record WHERE dataset = $1 AND inputs_digest = $2", {id, digest});
  if (before) {
    json::object body = parse_json(get_string(*before, "body"), "record").as_object();
    merge_into(body, record);
    workspace.rows().run(
        "UPDATE evaluation_record SET body = $2, updated_at = $3, updated_by = coalesce($4, updated_by) WHERE number = "
        "$1",
        {before->at("number"), body, at, user});
    return false;
  }
  json::object body;
  for (auto part : {"inputs", "outputs", "expectations", "tags", "source"})
    if (auto* value = find(record, part)) body[part] = *value;
  if (!body.contains("inputs")) body["inputs"] = json::object();
  workspace.rows().run(
      "INSERT INTO evaluation_record (id, dataset, inputs_digest, body, created_by, updated_by, created_at, updated_at)"
      " VALUES ($1, $2, $3, $4, $5, $5, $6, $6)",
      {"dr-" + new_id(), id, digest, body, user, at});
  return true;
}

MergedRecords merge_records(Workspace& workspace, const std::string& id, const json::array& records) {
  MergedRecords merged;
  for (auto& record : records) check_record(record);
  workspace.rows().transaction([&] {
    merged = {};
    auto dataset = get_evaluation_dataset(workspace, id);
    auto at = now_ms();
    json::object schema{
        {"inputs", json::object()}, {"outputs", json::object()}, {"expectations", json::object()}, {"version", "1.0"}};
    if (dataset.schema) schema = parse_json(*dataset.schema, "schema").as_object();
    std::optional<std::string> user;
    for (auto& record : records) {
      auto& members = record.get_object();
      (put_record(workspace, id, members, at) ? merged.inserted : merged.updated)++;
      widen(schema, members);
      if (auto* tags = find(record, "tags"))
        if (auto named = user_in(tags->get_object())) user = named;
    }
    workspace.rows().run(
        "UPDATE evaluation_dataset SET digest = $2, schema = $3, updated_at = $4, updated_by = $5 WHERE id = $1",
        {id, digest_at(dataset.name, at), schema, at, or_null(user)});
  });
  return merged;
}

std::int64_t delete_records(Workspace& workspace, const std::string& id, const std::vector<std::string>& records) {
  row_of(workspace, id);
  auto gone = workspace.rows().query(
      "DELETE FROM evaluation_record WHERE dataset = $1 AND id IN (SELECT value FROM json_each($2)) RETURNING number",
      {id, json::array(records.begin(), records.end())});
  return static_cast<std::int64_t>(gone.size());
}

static json::object record_form(const Row& row) {
  json::object record = parse_json(get_string(row, "body"), "record").as_object();
  if (auto* source = find(record, "source")) {
    if (auto kind = find_string(*source, "source_type")) record["source_type"] = *kind;
    auto* data = find(*source, "source_data");
    for (auto key : {"trace_id", "source_id"})
      if (auto named = data ? find_string(*data, key) : std::nullopt) record["source_id"] = *named;
  }
  record["dataset_record_id"] = row.at("id");
  record["dataset_id"] = row.at("dataset");
  record["created_time"] = row.at("created_at");
  record["last_update_time"] = row.at("updated_at");
  if (!record.contains("tags")) record["tags"] = json::object();
  for (auto [key, column] : {std::pair("created_by", "created_by"), std::pair("last_updated_by", "updated_by")})
    if (auto user = find_string(row, column)) record[key] = *user;
  return record;
}

Page<json::object> records_of(Workspace& workspace, const std::string& id, std::size_t limit,
                              const std::string& page_token) {
  row_of(workspace, id);
  if (page_token.size() > 18 || page_token.find_first_not_of("0123456789") != std::string::npos)
    throw Error(Code::invalid, "Invalid page token, could not decode: " + page_token);
  std::int64_t after = page_token.empty() ? 0 : std::stoll(page_token);
  Page<json::object> page;
  auto rows = workspace.rows().query(
      "SELECT * FROM evaluation_record WHERE dataset = $1 AND number > $2 ORDER BY number LIMIT $3",
      {id, after, limit + 1});
  for (auto& row : rows) {
    if (page.found.size() == limit) {
      page.next = std::to_string(after);
      break;
    }
    after = get_int(row, "number");
    page.found.push_back(record_form(row));
  }
  return page;
}

}  // namespace gyre

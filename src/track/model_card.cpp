#include "track/model_card.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "track/lineage.hpp"

namespace gyre {

namespace {

// Texts of users stand in tables: nothing of them may end a cell.
std::string cell(std::string_view text) {
  std::string safe;
  for (char c : text) {
    if (c == '|') safe += '\\';
    safe += c == '\n' || c == '\r' ? ' ' : c;
  }
  return safe;
}

std::string text_of_value(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

class Card {
 public:
  explicit Card(const std::string& title) : text_("# " + title + "\n") {}
  void paragraph(std::string_view text) {
    if (!text.empty()) text_ += "\n" + std::string(text) + "\n";
  }
  void heading(std::string_view title) { text_ += "\n## " + std::string(title) + "\n"; }
  // Two columns; rows without a value are left out.
  void table(const std::vector<std::pair<std::string, std::string>>& rows) {
    bool begun = false;
    for (auto& [name, value] : rows) {
      if (value.empty()) continue;
      if (!begun) text_ += "\n| | |\n|---|---|\n";
      begun = true;
      text_ += "| " + cell(name) + " | " + cell(value) + " |\n";
    }
  }
  void members(std::string_view title, const json::object& object) {
    if (object.empty()) return;
    heading(title);
    std::vector<std::pair<std::string, std::string>> rows;
    for (auto& [name, value] : object) rows.emplace_back(name, text_of_value(value));
    table(rows);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_lineage(Card& card, Workspace& workspace, const ModelVersion& version) {
  std::vector<std::pair<std::string, std::string>> rows;
  try {
    json::object known = lineage_of(workspace, {"model", version.reference()});
    for (auto part : {"sources", "results"})
      for (auto& edge : known.at(part).as_array()) {
        auto& other = edge.at(part == std::string_view("sources") ? "from" : "to");
        rows.emplace_back(get_string(other, "kind"), get_string(other, "id") + " (" + get_string(edge, "how") + ")");
      }
  } catch (const Error& error) {
    if (error.code != Code::not_found) throw;
    return;  // it came from nowhere, and nothing came from it
  }
  card.heading("Came from, became");
  card.table(rows);
}

void add_run(Card& card, Workspace& workspace, const std::string& id) {
  auto run = workspace.rows().one("SELECT number, name, who, started_at FROM run WHERE id = $1", {id});
  if (!run) return;
  std::vector<std::pair<std::string, std::string>> rows{{"run", id},
                                                        {"name", get_string(*run, "name")},
                                                        {"by", get_string(*run, "who")},
                                                        {"started", iso_time(get_int(*run, "started_at"))}};
  for (auto& tag : workspace.rows().query(
           "SELECT key, value FROM run_tag WHERE run = $1 AND (key LIKE 'mlflow.source.%' OR key LIKE 'gyre.git.%')"
           " ORDER BY key",
           {run->at("number")}))
    rows.emplace_back(get_string(tag, "key"), get_string(tag, "value"));
  card.heading("Made by");
  card.table(rows);
  json::object params;
  for (auto& param :
       workspace.rows().query("SELECT key, value FROM param WHERE run = $1 ORDER BY key", {run->at("number")}))
    params[get_string(param, "key")] = param["value"];
  card.members("Params", params);
}

}  // namespace

std::string model_card(Workspace& workspace, const ModelVersion& version) {
  Card card(version.reference());
  card.paragraph(get_string(get_model(workspace, version.name), "description"));
  card.paragraph(version.description);
  std::string aliases;
  for (auto& alias : version.aliases) aliases += (aliases.empty() ? "" : ", ") + alias;
  card.table({{"aliases", aliases},
              {"stage", version.stage == "None" ? "" : version.stage},
              {"registered", iso_time(version.created_at) + (version.who.empty() ? "" : " by " + version.who)},
              {"content", version.digest.empty() ? version.source : version.digest}});
  json::object lineage = version.lineage;
  if (auto* signature = find(lineage, "signature"); signature && signature->is_object())
    card.members("Takes and gives", signature->get_object());
  card.members("Metrics", version.metrics);
  for (auto& item : results_of(workspace, version.name, version.version)) {
    auto* result = find(item, "result");
    if (result && result->is_object()) card.members("Found out: " + get_string(item, "kind"), result->get_object());
  }
  add_run(card, workspace, version.run_id);
  add_lineage(card, workspace, version);
  json::object tags;
  for (auto& tag :
       workspace.rows().query("SELECT key, value FROM model_version_tag WHERE model = $1 AND version = $2 ORDER BY key",
                              {version.name, version.version}))
    tags[get_string(tag, "key")] = tag["value"];
  card.members("Tags", tags);
  return card.take();
}

}  // namespace gyre

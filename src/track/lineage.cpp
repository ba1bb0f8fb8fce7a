#include "track/lineage.hpp"

#include <set>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gyre {

void add_edge(Workspace& workspace, const Thing& from, const Thing& to, std::string_view how) {
  workspace.rows().run(
      "INSERT INTO lineage_edge VALUES ($1, $2, $3, $4, $5, $6)"
      " ON CONFLICT (from_kind, from_id, to_kind, to_id, how) DO NOTHING",
      {from.kind, from.id, to.kind, to.id, how, now_ms()});
}

// A model's content was made before the model was named: what became of it became of the model.
static std::vector<Row> edges_at(Workspace& workspace, const char* sql, const Thing& thing, bool backwards) {
  auto rows = workspace.rows().query(sql, {thing.kind, thing.id});
  if (backwards || thing.kind != "model") return rows;
  for (auto& row : workspace.rows().query(
           "SELECT e.* FROM model_version v JOIN lineage_edge e ON e.from_kind = 'data' AND e.from_id = v.digest"
           " WHERE v.model || '@' || v.version = $1 AND e.to_kind <> 'model' ORDER BY e.at",
           {thing.id}))
    rows.push_back(row);
  return rows;
}

// Breadth first: what is near comes first, and a thing reached on two ways is walked through once.
static json::array walk(Workspace& workspace, const Thing& start, bool backwards) {
  const char* sql =
      backwards ? "SELECT * FROM lineage_edge WHERE to_kind = $1 AND to_id = $2 ORDER BY at, from_kind, from_id"
                : "SELECT * FROM lineage_edge WHERE from_kind = $1 AND from_id = $2 ORDER BY at, to_kind, to_id";
  json::array edges;
  std::set<std::pair<std::string, std::string>> seen{{start.kind, start.id}};
  std::vector<Thing> level{start};
  for (int depth = 1; !level.empty(); depth++) {
    std::vector<Thing> next;
    for (auto& thing : level)
      for (auto& row : edges_at(workspace, sql, thing, backwards)) {
        json::object from{{"kind", row["from_kind"]}, {"id", row["from_id"]}},
            to{{"kind", row["to_kind"]}, {"id", row["to_id"]}};
        auto& other = backwards ? from : to;
        Thing reached{get_string(other, "kind"), get_string(other, "id")};
        if (seen.emplace(reached.kind, reached.id).second) next.push_back(reached);
        edges.push_back(
            json::object{{"from", from}, {"to", to}, {"how", row["how"]}, {"at", row["at"]}, {"depth", depth}});
      }
    level = std::move(next);
  }
  return edges;
}

json::object lineage_of(Workspace& workspace, const Thing& thing) {
  json::object result{{"kind", thing.kind}, {"id", thing.id}};
  result["sources"] = walk(workspace, thing, true);
  result["results"] = walk(workspace, thing, false);
  if (result["sources"].as_array().empty() && result["results"].as_array().empty())
    throw Error(Code::not_found, "nothing is known about the " + thing.kind + " " + thing.id,
                "kinds are data, run, model, image, deployment, device; a model is named as bottle@3");
  return result;
}

}  // namespace gyre

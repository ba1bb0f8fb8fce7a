#include "base/clock.hpp"
#include "flow/engine.hpp"

namespace gyre {

static Asset asset_from(const Row& row) {
  return {get_string(row, "name"), get_int(row, "version"), get_string(row, "type"), get_string(row, "digest"),
          iso_time(get_int(row, "created_at"))};
}

Asset keep_asset(Workspace& workspace, const std::string& name, const std::string& type, const std::string& digest) {
  if (name.empty() || name.find_first_of("@.:/ \t\n") != std::string::npos)
    throw Error(Code::invalid, "\"" + name + "\" cannot name content", "use letters, digits, - and _");
  Asset asset;
  workspace.rows().transaction([&] {
    auto last = workspace.rows().one("SELECT * FROM asset WHERE name = $1 ORDER BY version DESC LIMIT 1", {name});
    if (last && get_string(*last, "digest") == digest) {
      asset = asset_from(*last);
      return;
    }
    std::int64_t version = last ? get_int(*last, "version") + 1 : 1;
    workspace.rows().run("INSERT INTO asset VALUES ($1, $2, $3, $4, $5)", {name, version, type, digest, now_ms()});
    workspace.audit("local", "keep", "data/" + name,
                    last ? json::value(get_int(*last, "version")) : json::value(nullptr),
                    {{"version", version}, {"digest", digest}});
    asset = get_asset(workspace, name);
  });
  return asset;
}

Asset get_asset(Workspace& workspace, const std::string& reference) {
  auto at = reference.find('@');
  std::string name = reference.substr(0, at);
  auto row = at == std::string::npos
                 ? workspace.rows().one("SELECT * FROM asset WHERE name = $1 ORDER BY version DESC LIMIT 1", {name})
                 : workspace.rows().one("SELECT * FROM asset WHERE name = $1 AND version = CAST($2 AS INTEGER)",
                                        {name, reference.substr(at + 1)});
  if (!row)
    throw Error(Code::not_found, "there is no data called \"" + reference + "\"",
                "`gyre data list` shows what there is");
  return asset_from(*row);
}

std::vector<Asset> list_assets(Workspace& workspace) {
  std::vector<Asset> assets;
  for (auto& row : workspace.rows().query("SELECT * FROM asset ORDER BY name, version"))
    assets.push_back(asset_from(row));
  return assets;
}

}  // namespace gyre

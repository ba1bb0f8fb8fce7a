#include "cli/app.hpp"

#include "cli/openlineage.hpp"

namespace gyre {

App::App(const std::filesystem::path& dot_gyre)
    : workspace(dot_gyre),
      users(workspace),
      recorder(make_recorder(workspace)),
      engine(workspace),
      sweeps(workspace, engine),
      fleet(workspace) {
  engine.observe(recorder.get());
  if (auto url = find_string(workspace.config(), "openlineage"); url && !url->empty()) {
    open_lineage = std::make_unique<OpenLineage>(workspace, *url);
    engine.observe(open_lineage.get());
  }
  mount_routes(*this);
}

App::~App() = default;

}  // namespace gyre

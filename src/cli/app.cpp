#include "cli/app.hpp"

namespace gyre {

App::App(const std::filesystem::path& dot_gyre)
    : workspace(dot_gyre), users(workspace), recorder(make_recorder(workspace)), engine(workspace), fleet(workspace) {
  engine.observe(recorder.get());
  mount_routes(*this);
}

App::~App() = default;

}  // namespace gyre

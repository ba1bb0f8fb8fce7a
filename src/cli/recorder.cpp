#include "cli/app.hpp"

namespace gyre {

namespace {

class Recorder : public StepObserver {
 public:
  explicit Recorder(Workspace& workspace) : workspace_(workspace) {}

 private:
  [[maybe_unused]] Workspace& workspace_;
};

}  // namespace

std::unique_ptr<StepObserver> make_recorder(Workspace& workspace) { return std::make_unique<Recorder>(workspace); }

}  // namespace gyre

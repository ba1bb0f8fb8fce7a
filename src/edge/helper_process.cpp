#include "edge/helper_process.hpp"

#include "base/json.hpp"
#include "edge/container.hpp"
#include "edge/helper.hpp"

namespace gyre {

static fs::path result_file(const fs::path& state) { return state / "run" / "helper.json"; }

HelperProcess::HelperProcess(const fs::path& state, const fs::path& config, std::string work, std::string image)
    : result_(result_file(state)), work_(std::move(work)), image_(std::move(image)) {
  remove_all(result_);
  child_ = Child::start({.command = {"/proc/self/exe", "helper", "--state", state, "--config", config, "--work", work_,
                                     "--image", image_}});
}

std::optional<Error> HelperProcess::failure() {
  int code = child_.wait();
  if (code == 0) return {};
  if (!fs::exists(result_)) return Error(Code::internal, work_ + " ended with " + std::to_string(code));
  json::value result = read_json_file(result_);
  return Error(code_named(get_string(result, "code")), get_string(result, "error"));
}

int run_helper(const fs::path& state_folder, const fs::path& config_file, const std::string& work,
               const std::string& image) {
  try {
    AgentConfig config = read_agent_config(config_file);
    EdgeState state(state_folder);
    if (work == "install") {
      install_image(config, state, image);
    } else {
      ContainerPlace place(state_folder, config.device);
      validate_desired(config, state, place);
    }
    return 0;
  } catch (const Error& error) {
    write_file(result_file(state_folder),
               json::serialize(json::object{{"code", row_of(error.code).name}, {"error", error.text()}}));
    return row_of(error.code).exit_code;
  }
}

}  // namespace gyre

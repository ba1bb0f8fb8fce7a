#include "nets/checkpoint.hpp"

#include <sstream>

#include "base/file.hpp"
#include "base/json.hpp"

namespace gyre {

namespace {

json::object to_json(const TrainingState& state) {
  json::object metrics;
  json::array names;  // an object does not keep the order for sure
  for (auto& [name, value] : state.best.metrics) metrics[name] = value, names.emplace_back(name);
  return {{"epoch", state.epoch},
          {"steps", state.steps},
          {"best_epoch", state.best_epoch},
          {"best_loss", state.best.loss},
          {"metrics", metrics},
          {"metric_names", names},
          {"rate_factor", state.rate_factor},
          {"rate_since", state.rate_since},
          {"seconds", state.seconds},
          {"ended", state.ended}};
}

TrainingState state_from(const json::value& value) {
  TrainingState state;
  state.epoch = static_cast<int>(get_int(value, "epoch"));
  state.steps = get_int(value, "steps");
  state.best_epoch = static_cast<int>(get_int(value, "best_epoch"));
  state.best.loss = get_number(value, "best_loss");
  for (auto& name : value.at("metric_names").as_array()) {
    std::string text(name.as_string());
    state.best.metrics.emplace_back(text, get_number(value.at("metrics"), text));
  }
  state.rate_factor = get_number(value, "rate_factor");
  state.rate_since = static_cast<int>(get_int(value, "rate_since"));
  state.seconds = get_number(value, "seconds");
  state.ended = get_bool(value, "ended");
  return state;
}

void write_list(torch::serialize::OutputArchive& archive, const std::string& key,
                const std::vector<torch::Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); i++)
    archive.write(key + std::to_string(i), tensors[i], /*is_buffer=*/true);
}

void read_list(torch::serialize::InputArchive& archive, const std::string& key, std::vector<torch::Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); i++) {
    torch::Tensor stored;
    archive.read(key + std::to_string(i), stored, /*is_buffer=*/true);
    tensors[i].copy_(stored);
  }
}

std::string bytes_of(torch::serialize::OutputArchive& archive) {
  std::ostringstream out;
  archive.save_to(out);
  return std::move(out).str();
}

}  // namespace

std::vector<torch::Tensor> state_of(const torch::nn::Module& net) {
  std::vector<torch::Tensor> state;
  for (auto& tensor : net.parameters()) state.push_back(tensor.detach());
  for (auto& tensor : net.buffers()) state.push_back(tensor.detach());
  return state;
}

std::vector<torch::Tensor> copy_of(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> copy;
  for (auto& tensor : tensors) copy.push_back(tensor.detach().clone());
  return copy;
}

void put_state(torch::nn::Module& net, const std::vector<torch::Tensor>& state) {
  torch::NoGradGuard no_gradients;
  auto own = state_of(net);
  for (std::size_t i = 0; i < own.size(); i++) own[i].copy_(state.at(i));
}

void Checkpoint::save(const torch::nn::Module& net, const torch::optim::Optimizer& optimizer,
                      const std::vector<torch::Tensor>& average, const std::vector<torch::Tensor>& best,
                      const TrainingState& state) const {
  torch::serialize::OutputArchive archive, optimizer_archive;
  archive.write("fingerprint", c10::IValue(fingerprint_));
  archive.write("state", c10::IValue(canonical(to_json(state))));
  write_list(archive, "net", state_of(net));
  write_list(archive, "average", average);
  write_list(archive, "best", best);
  optimizer.save(optimizer_archive);
  archive.write("optimizer", optimizer_archive);
  make_folders(file_.parent_path());
  write_file(file_, bytes_of(archive));
}

std::optional<TrainingState> Checkpoint::load(torch::nn::Module& net, torch::optim::Optimizer& optimizer,
                                              std::vector<torch::Tensor>& average,
                                              std::vector<torch::Tensor>& best) const {
  if (!fs::exists(file_)) return std::nullopt;
  std::istringstream in(read_file(file_));
  torch::serialize::InputArchive archive, optimizer_archive;
  torch::NoGradGuard no_gradients;
  try {
    archive.load_from(in);
    c10::IValue text;
    archive.read("fingerprint", text);
    if (text.toStringRef() != fingerprint_) return std::nullopt;
    archive.read("state", text);
    TrainingState state = state_from(parse_json(text.toStringRef(), file_.string()));
    auto own = state_of(net);
    read_list(archive, "net", own);
    read_list(archive, "average", average);
    read_list(archive, "best", best);
    archive.read("optimizer", optimizer_archive);
    optimizer.load(optimizer_archive);
    return state;
  } catch (const c10::Error& error) {
    throw Error(Code::internal, file_.string() + ": the checkpoint cannot be read: " + error.what_without_backtrace(),
                "remove the file to train from the start");
  }
}

std::string weights_of(const torch::nn::Module& net) {
  torch::serialize::OutputArchive archive;
  net.save(archive);
  return bytes_of(archive);
}

void set_weights(torch::nn::Module& net, const std::string& bytes, std::string_view where) {
  std::istringstream in(bytes);
  torch::serialize::InputArchive archive;
  try {
    archive.load_from(in);
    net.load(archive);
  } catch (const c10::Error&) {
    throw Error(Code::invalid, std::string(where) + " does not hold the weights of this net",
                "give the weights that a training of the same kind wrote");
  }
}

}  // namespace gyre

// What happens before a model answers: how it is run is settled, and it is run until it is warm.
#include "base/cores.hpp"
#include "base/hash.hpp"
#include "serve/served_model.hpp"
#include "serve/trial_runs.hpp"
#include "serve/tune.hpp"

namespace gyre {

static constexpr std::size_t usual_max_batch = 64;
// Faster models gain nothing from threads of their own.
static constexpr std::uint64_t worth_measuring_ns = 2'000'000;

static void check_digest(const ModelSource& source, const std::string& name, std::int64_t version) {
  if (source.digest.empty()) return;
  std::string found = source.bytes.empty() ? digest_of_file(source.path) : digest_of(source.bytes);
  if (found == source.digest) return;
  throw Error(Code::invalid,
              "model " + name + ", version " + std::to_string(version) + " is registered as " + source.digest +
                  ", but its content is " + found + ": it is not loaded",
              "the file was changed or damaged after it was registered: register it again, or restore it");
}

ModelEngine ServedModel::made_engine(const std::string& name, std::int64_t version, const ModelSource& source,
                                     ModelConfig& config) {
  check_digest(source, name, version);
  auto make = [&](int threads) {
    return source.bytes.empty() ? ModelEngine(source.path, threads) : ModelEngine::from_bytes(source.bytes, threads);
  };
  ModelEngine engine = make(std::max(1, config.threads));
  bool configured = config.threads > 0 || config.instances > 0;
  if (configured || usable_cores() == 1 || row_nanoseconds(engine) < worth_measuring_ns) return engine;
  std::string digest = !source.digest.empty() ? source.digest
                       : source.bytes.empty() ? digest_of_file(source.path)
                                              : digest_of(source.bytes);
  auto choice = measured_choice(engine, make, digest);
  config.instances = choice.instances;
  config.threads = choice.threads;
  return choice.threads == 1 ? std::move(engine) : make(choice.threads);
}

void ServedModel::settle_batching() {
  bool rows = has_free_rows(engine_);
  if (config_.instances == 0)
    config_.instances =
        std::max<std::size_t>(1, usable_cores() / static_cast<std::size_t>(std::max(1, config_.threads)));
  if (!config_.max_batch_given) {
    config_.max_batch = rows && rows_are_independent(engine_) ? usual_max_batch : 0;
  } else if (config_.max_batch > 0 && !rows) {
    throw Error(Code::invalid,
                "model " + name_ + ": max_batch_size is " + std::to_string(config_.max_batch) +
                    ", but not all inputs and outputs have a free first size",
                "set max_batch_size to 0, or export the model with a dynamic batch");
  }
}

void ServedModel::warm_up() {
  auto all = all_outputs(engine_);
  for (auto& given : config_.warm_up) {
    std::vector<std::vector<std::byte>> memory;
    auto inputs = made_up_inputs(engine_, given.batch_size, given.random, &given, memory);
    try {
      for (std::size_t i = 0; i < given.count; i++) engine_.run(inputs, all);
    } catch (const Error& error) {
      throw Error(error.code, "model " + name_ + ": warm-up sample \"" + given.name + "\": " + error.text());
    }
  }
  // How long a row takes decides where it is run; where it depends on free sizes, the first request measures it.
  row_ns_ = row_nanoseconds(engine_);
}

}  // namespace gyre

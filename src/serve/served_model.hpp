#pragma once
// One version of a model that answers: its engine, its queue, what it did.
#include <atomic>
#include <filesystem>
#include <optional>

#include "model/signature.hpp"
#include "serve/infer.hpp"
#include "serve/resources.hpp"
#include "serve/response_cache.hpp"
#include "serve/scheduler.hpp"
#include "serve/statistics.hpp"

namespace gyre {

struct ModelSource {
  std::filesystem::path path;
  std::string bytes;      // when not empty, instead of the file
  std::string digest{};   // when known: content that differs is never loaded
  std::string variant{};  // "int8": not the registered file itself but its 8-bit variant
};

class ServedModel {
 public:
  // Loaded and warm when this returns.
  ServedModel(std::string name, std::int64_t version, const ModelSource& source, ModelConfig config,
              Resources& resources);
  ~ServedModel();
  ServedModel(const ServedModel&) = delete;

  const std::string& name() const { return name_; }
  const std::string& version() const { return version_; }
  const std::string& digest() const { return digest_; }    // empty: not registered
  const std::string& variant() const { return variant_; }  // empty: the model itself
  const ModelEngine& engine() const { return engine_; }
  const ModelConfig& config() const { return config_; }
  const std::optional<Signature>& signature() const { return signature_; }  // of a model made here
  Statistics& statistics() { return statistics_; }
  const Statistics& statistics() const { return statistics_; }
  std::size_t pending() const;

  // Finishes the task, now or later; what is wrong with it becomes its error.
  void infer(const TaskPointer& task);
  void run(std::vector<TaskPointer>& batch);  // what infer() has prepared, together; finishes each

 private:
  void prepare(InferTask& task) const;
  bool quick(const InferTask& task) const;
  void run_joined(std::vector<TaskPointer>& batch);
  bool answer_from_cache(const TaskPointer& task);
  void count_failure(const InferTask& task);
  void settle_batching();
  void warm_up();
  static ModelEngine made_engine(const std::string& name, std::int64_t version, const ModelSource& source,
                                 ModelConfig& config);

  std::string name_;
  std::string version_;
  std::string digest_, variant_;
  ModelConfig config_;
  ModelEngine engine_;
  Resources& resources_;
  std::unique_ptr<ResponseCache> cache_;  // when the configuration asks for it
  std::optional<Signature> signature_;
  Statistics statistics_;
  std::atomic<std::uint64_t> row_ns_ = 0;  // what a row takes, a moving mean; 0: not known
  std::unique_ptr<Scheduler> scheduler_;   // last: its threads use the rest
};

}  // namespace gyre

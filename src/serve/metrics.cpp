#include "serve/metrics.hpp"

#include <charconv>

namespace gyre {

static std::string label(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    if (c == '\n')
      escaped += "\\n";
    else
      escaped += c;
  }
  return escaped;
}

namespace {
struct Seen {
  std::string labels;  // model="a",version="1"
  Counts counts;
  std::size_t pending;
};
}  // namespace

template <class Value>
static void family(std::string& text, const std::vector<Seen>& models, std::string_view name, std::string_view help,
                   std::string_view type, const Value& value) {
  text += "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE " + std::string(name) + " " +
          std::string(type) + "\n";
  for (auto& model : models)
    text += std::string(name) + "{" + model.labels + "} " + std::to_string(value(model)) + "\n";
}

static std::string number(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

static void latency_family(std::string& text, const std::vector<Seen>& models) {
  text +=
      "# HELP gyre_inference_request_seconds From a request's arrival to its answer, queue included\n"
      "# TYPE gyre_inference_request_seconds histogram\n";
  for (auto& model : models) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i <= latency_bounds.size(); i++) {
      sum += model.counts.latencies[i];
      text += "gyre_inference_request_seconds_bucket{" + model.labels + ",le=\"" +
              (i < latency_bounds.size() ? number(latency_bounds[i]) : "+Inf") + "\"} " + std::to_string(sum) + "\n";
    }
    text += "gyre_inference_request_seconds_sum{" + model.labels + "} " +
            number(static_cast<double>(model.counts.success.ns) * 1e-9) + "\n";
    text += "gyre_inference_request_seconds_count{" + model.labels + "} " + std::to_string(sum) + "\n";
  }
}

std::string metrics_text(const Repository& repository) {
  std::vector<Seen> models;
  for (auto& model : repository.all())
    models.push_back({"model=\"" + label(model->name()) + "\",version=\"" + model->version() + "\"",
                      model->statistics().total(), model->pending()});
  std::string text;
  auto counter = [&](std::string_view name, std::string_view help, auto value) {
    family(text, models, name, help, "counter", value);
  };
  counter("nv_inference_request_success", "Requests that were answered",
          [](auto& m) { return m.counts.success.count; });
  text += "# HELP nv_inference_request_failure Requests that failed\n# TYPE nv_inference_request_failure counter\n";
  for (auto& model : models)
    for (std::string_view reason : {"REJECTED", "CANCELED", "BACKEND", "OTHER"}) {
      auto found = model.counts.failures.find(reason);
      text += "nv_inference_request_failure{" + model.labels + ",reason=\"" + std::string(reason) + "\"} " +
              std::to_string(found == model.counts.failures.end() ? 0 : found->second) + "\n";
    }
  counter("nv_inference_count", "Rows that were computed", [](auto& m) { return m.counts.rows; });
  counter("nv_inference_exec_count", "Runs of the model", [](auto& m) { return m.counts.executions; });
  family(text, models, "nv_inference_pending_request_count", "Requests that wait or run", "gauge",
         [](auto& m) { return m.pending; });
  counter("nv_inference_request_duration_us", "From arrival to answer, summed",
          [](auto& m) { return m.counts.success.ns / 1000; });
  counter("nv_inference_queue_duration_us", "In the queue, summed", [](auto& m) { return m.counts.queue.ns / 1000; });
  counter("nv_inference_compute_input_duration_us", "Gathering inputs, summed",
          [](auto& m) { return m.counts.input.ns / 1000; });
  counter("nv_inference_compute_infer_duration_us", "Running, summed",
          [](auto& m) { return m.counts.infer.ns / 1000; });
  counter("nv_inference_compute_output_duration_us", "Sharing out answers, summed",
          [](auto& m) { return m.counts.output.ns / 1000; });
  counter("nv_cache_num_hits_per_model", "Answers from the cache", [](auto& m) { return m.counts.cache_hit.count; });
  counter("nv_cache_num_misses_per_model", "Requests that the cache did not know",
          [](auto& m) { return m.counts.cache_miss.count; });
  latency_family(text, models);
  return text;
}

}  // namespace gyre

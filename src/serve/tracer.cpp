#include "serve/tracer.hpp"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "serve/infer_json.hpp"
#include "serve/served_model.hpp"
#include "serve/types.hpp"

namespace gyre {

static constexpr std::size_t most_values = 1024;  // of a tensor that a trace carries

static bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<TraceParent> trace_parent(std::string_view header) {
  bool form = header.size() >= 55 && header[2] == '-' && header[35] == '-' && header[52] == '-';
  if (!form || header.starts_with("ff") || (header.starts_with("00") && header.size() != 55)) return std::nullopt;
  auto trace = header.substr(3, 32), span = header.substr(36, 16), flags = header.substr(53, 2);
  if (!is_hex(header.substr(0, 2)) || !is_hex(trace) || !is_hex(span) || !is_hex(flags)) return std::nullopt;
  if (trace.find_first_not_of('0') == trace.npos || span.find_first_not_of('0') == span.npos) return std::nullopt;
  return TraceParent{std::string(trace), std::string(span),
                     ((flags[1] >= 'a' ? flags[1] - 'a' + 10 : flags[1] - '0') & 1) != 0};
}

std::string to_header(const TraceParent& parent) {
  return "00-" + parent.trace_id + "-" + parent.span_id + (parent.sampled ? "-01" : "-00");
}

static std::string random_id(std::size_t bytes) {
  std::string raw(bytes, '\0');
  if (::getrandom(raw.data(), bytes, 0) != static_cast<ssize_t>(bytes))
    throw Error(Code::internal, "the system gives no random numbers");
  return hex(raw);
}

Tracer::~Tracer() { write_out(); }

void Tracer::open(const fs::path& file) {
  path_ = fs::absolute(file);
  file_ = open_file(path_, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

json::object Tracer::defaults() const {
  return {{"trace_level", json::array{"OFF"}}, {"trace_rate", "1000"},  {"trace_count", "-1"}, {"log_frequency", "0"},
          {"trace_file", path_.string()},      {"trace_mode", "triton"}};
}

// Clients send a text, a number, or a list of one text.
static std::string text_of(const json::value& value) {
  if (value.is_array() && value.as_array().size() == 1) return text_of(value.as_array().front());
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

static std::int64_t whole(const json::object& settings, std::string_view name, std::int64_t least) {
  std::string text = text_of(settings.at(name));
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least)
    throw Error(Code::invalid,
                std::string(name) + " is " + text + "; it is a whole number from " + std::to_string(least) + " on");
  return number;
}

Tracer::Sampler Tracer::sampler_from(json::object settings) const {
  Sampler sampler;
  json::array levels = settings.at("trace_level").is_array() ? settings.at("trace_level").as_array()
                                                             : json::array{settings.at("trace_level")};
  for (auto& level : levels) {
    std::string name = text_of(level);
    if (name != "OFF" && name != "TIMESTAMPS" && name != "TENSORS")
      throw Error(Code::invalid, "trace_level is " + name + "; it is OFF, TIMESTAMPS or TENSORS");
    sampler.on = sampler.on || name != "OFF";
    sampler.tensors = sampler.tensors || name == "TENSORS";
  }
  sampler.rate = static_cast<std::uint64_t>(whole(settings, "trace_rate", 1));
  sampler.left = whole(settings, "trace_count", -1);
  sampler.frequency = static_cast<std::uint64_t>(whole(settings, "log_frequency", 0));
  // A client that could name files would write wherever the server may.
  if (text_of(settings.at("trace_file")) != path_.string())
    throw Error(Code::invalid, "trace_file is set when the server starts: gyre serve --trace-file FILE");
  if (text_of(settings.at("trace_mode")) != "triton") throw Error(Code::invalid, "trace_mode is triton here");
  if (sampler.on && !file_) throw Error(Code::invalid, "there is no file for traces", "gyre serve --trace-file FILE");
  settings["trace_level"] = std::move(levels);
  for (auto name : {"trace_rate", "trace_count", "log_frequency"}) settings[name] = text_of(settings.at(name));
  sampler.settings = std::move(settings);
  return sampler;
}

json::object Tracer::settings(const std::string& model) { return change(model, json::object{}); }

json::object Tracer::change(const std::string& model, const json::value& changes) {
  if (!changes.is_object()) throw Error(Code::invalid, "settings are an object");
  auto& given = changes.as_object();
  std::lock_guard lock(mutex_);
  if (!all_) all_ = sampler_from(defaults());
  auto own = models_.find(model);
  auto usual = model.empty() ? defaults() : all_->settings;
  auto next = model.empty() || own == models_.end() ? all_->settings : own->second.settings;
  if (given.empty()) return next;
  for (auto& [name, value] : given) {
    if (!usual.contains(name)) throw Error(Code::invalid, "there is no setting " + std::string(name));
    next[name] = value.is_null() ? usual.at(name) : value;
  }
  auto sampler = sampler_from(std::move(next));
  auto told = sampler.settings;
  if (model.empty())
    all_ = std::move(sampler);
  else
    models_[model] = std::move(sampler);
  any_ = all_->on || std::any_of(models_.begin(), models_.end(), [](auto& one) { return one.second.on; });
  return told;
}

void Tracer::begin(InferTask& task, std::string_view traceparent) {
  bool any = any_.load(std::memory_order_relaxed);
  if (!any && traceparent.empty()) return;
  auto parent = trace_parent(traceparent);
  if (parent) task.traceparent = to_header(*parent);
  if (!any) return;
  auto trace = std::make_shared<Trace>();
  {
    std::lock_guard lock(mutex_);
    auto own = models_.find(task.model->name());
    auto& sampler = own == models_.end() ? *all_ : own->second;
    if (!sampler.on || sampler.left == 0) return;
    // What is sampled elsewhere is sampled here: half a trace helps nobody.
    bool turn = sampler.seen++ % sampler.rate == 0;
    if (!turn && !(parent && parent->sampled)) return;
    if (sampler.left > 0) sampler.left--;
    trace->tensors = sampler.tensors;
    trace->number = ++traced_;
  }
  trace->own = {parent ? parent->trace_id : random_id(16), random_id(8), true};
  if (parent) trace->parent_span = parent->span_id;
  task.traceparent = to_header(trace->own);
  task.trace = std::move(trace);
}

static json::object tensor(std::string_view kind, std::string_view name, DataType type,
                           const std::vector<std::int64_t>& shape) {
  return {{"kind", kind}, {"name", name}, {"datatype", protocol_name(type)}, {"shape", json::value_from(shape)}};
}

// As a text of JSON; nothing for tensors that are too large or that JSON cannot carry.
static std::string values_of(const TensorView& view, std::string_view name) {
  if (view.texts.size() > most_values || view.bytes.size() > most_values * sizeof(double)) return {};
  if (view.type == DataType::f16 || view.type == DataType::bf16) return {};
  std::string text;
  append_json_values(text, view, name);
  return text;
}

static void append_tensors(std::string& line, const InferTask& task) {
  line += ",\"tensors\":[";
  bool first = true;
  auto append = [&](std::string_view kind, std::string_view name, const TensorView& view) {
    std::string head = json::serialize(tensor(kind, name, view.type, view.shape)), values = values_of(view, name);
    head.pop_back();  // the brace
    line += (first ? "" : ",") + head + (values.empty() ? "}" : ",\"data\":" + values + "}");
    first = false;
  };
  auto& infos = task.model->engine().inputs();
  for (std::size_t i = 0; i < task.inputs.size(); i++) append("input", infos[i].name, task.inputs[i]);
  for (std::size_t i = 0; i < task.outputs.size(); i++) append("output", task.request.outputs[i].name, task.outputs[i]);
  line += ']';
}

void Tracer::end(const InferTask& task) {
  auto& trace = *task.trace;
  std::uint64_t now = nanoseconds();
  json::array stamps;
  auto stamp = [&](std::string_view name, std::uint64_t ns) {
    if (ns) stamps.push_back(json::object{{"name", name}, {"ns", ns}});
  };
  stamp("REQUEST_START", task.arrived);
  stamp("COMPUTE_START", task.stamps.started);
  stamp("COMPUTE_INPUT_END", task.stamps.gathered);
  stamp("COMPUTE_OUTPUT_START", task.stamps.ran);
  stamp("COMPUTE_END", task.stamps.ended);
  stamp("REQUEST_END", now);
  json::object told{{"id", trace.number},
                    {"time", iso_time(now_ms() - static_cast<std::int64_t>((now - task.arrived) / 1'000'000))},
                    {"model_name", task.model->name()},
                    {"model_version", task.model->version()},
                    {"trace_id", trace.own.trace_id},
                    {"span_id", trace.own.span_id}};
  if (!trace.parent_span.empty()) told["parent_span_id"] = trace.parent_span;
  if (!task.request.id.empty()) told["request_id"] = task.request.id;
  if (task.error) told["error"] = task.error->text();
  told["timestamps"] = std::move(stamps);
  std::string line = json::serialize(told);
  if (trace.tensors) {
    line.pop_back();  // the brace
    append_tensors(line, task);
    line += '}';
  }
  std::lock_guard lock(mutex_);
  unwritten_ += line + "\n";
  auto own = models_.find(task.model->name());
  if (++waiting_ >= (own == models_.end() ? *all_ : own->second).frequency) write_out();
}

void Tracer::write_out() {
  if (unwritten_.empty()) return;
  try {
    write_all(file_.get(), unwritten_, path_);
  } catch (const Error& error) {  // a full disk is no reason to answer nobody
    if (!failed_) std::fprintf(stderr, "%s traces are lost: %s\n", iso_now().c_str(), error.text().c_str());
    failed_ = true;
  }
  unwritten_.clear();
  waiting_ = 0;
}

}  // namespace gyre

#include "serve/response_cache.hpp"

namespace gyre {

namespace {
// The tensors of an entry; views point into it.
struct Copied {
  std::vector<std::vector<std::byte>> bytes;
  std::vector<std::vector<std::string>> texts;
};
}  // namespace

static void append(std::string& to, std::uint64_t value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Every part has its length before it: no two different questions have the same text.
std::string ResponseCache::question(const InferTask& task) {
  std::string text;
  for (auto& input : task.inputs) {
    append(text, static_cast<std::uint64_t>(input.type));
    append(text, input.shape.size());
    for (auto size : input.shape) append(text, static_cast<std::uint64_t>(size));
    append(text, input.bytes.size());
    text.append(reinterpret_cast<const char*>(input.bytes.data()), input.bytes.size());
    append(text, input.texts.size());
    for (auto one : input.texts) {
      append(text, one.size());
      text.append(one);
    }
  }
  append(text, task.wanted.size());
  for (std::size_t i = 0; i < task.wanted.size(); i++) {
    append(text, task.wanted[i]);
    append(text, task.request.outputs[i].classes);
  }
  return text;
}

bool ResponseCache::find(const std::string& question, InferTask& task) {
  std::lock_guard lock(mutex_);
  auto found = places_.find(question);
  if (found == places_.end()) return false;
  entries_.splice(entries_.begin(), entries_, found->second);
  auto entry = entries_.front();
  task.outputs = entry->outputs;
  task.kept = std::move(entry);
  return true;
}

void ResponseCache::add(const std::string& question, const InferTask& task) {
  auto entry = std::make_shared<Entry>();
  auto copied = std::make_shared<Copied>();
  entry->question = question;
  entry->bytes = sizeof(Entry) + question.size();
  for (auto& output : task.outputs) {
    TensorView view{output.type, output.shape, {}, {}};
    view.bytes = copied->bytes.emplace_back(output.bytes.begin(), output.bytes.end());
    auto& texts = copied->texts.emplace_back(output.texts.begin(), output.texts.end());
    entry->bytes += sizeof(TensorView) + output.bytes.size();
    for (auto& text : texts) entry->bytes += sizeof text + text.size();
    view.texts.assign(texts.begin(), texts.end());
    entry->outputs.push_back(std::move(view));
  }
  entry->kept = std::move(copied);
  std::lock_guard lock(mutex_);
  if (entry->bytes > most_bytes_ / 4 || places_.contains(question)) return;
  bytes_ += entry->bytes;
  entries_.push_front(std::move(entry));
  places_.emplace(entries_.front()->question, entries_.begin());
  while (bytes_ > most_bytes_) {
    bytes_ -= entries_.back()->bytes;
    places_.erase(entries_.back()->question);
    entries_.pop_back();  // who answers from it keeps it
  }
}

}  // namespace gyre

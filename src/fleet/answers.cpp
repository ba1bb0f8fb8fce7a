#include "fleet/answers.hpp"

#include <fstream>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/tar.hpp"

namespace gyre {

// Digests of the files in a tar, by name.
static std::map<std::string, std::string> digests_in(const std::filesystem::path& tar, const std::string& where) {
  std::map<std::string, std::string> digests;
  std::optional<Sha256> hash;
  std::string name;
  auto close = [&] {
    if (hash) digests[name] = hash->digest();
    hash.reset();
  };
  TarReader reader(
      [&](const TarEntry& entry) {
        close();
        if (entry.kind != TarEntry::Kind::file) return;
        name = entry.path;
        hash.emplace();
      },
      [&](std::string_view bytes) { hash->add(bytes); }, where);
  std::ifstream file(tar, std::ios::binary);
  std::string buffer(1 << 16, '\0');
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0)
    reader.add({buffer.data(), static_cast<std::size_t>(file.gcount())});
  if (file.bad()) throw Error(Code::internal, where + " cannot be read");
  reader.finish();
  close();
  return digests;
}

// A path in a data set as devices name the file: their input folder has no folders in it.
static std::string flat(std::string_view path) {
  std::string name;
  for (char c : path) name += c == '/' ? std::string("__") : std::string(1, c);
  return name;
}

// A report's answers by digest and by name, whichever it has.
static std::map<std::string, std::string> answers_in(const json::value& report, const std::string& where) {
  std::map<std::string, std::string> answers;
  auto* list = report.is_array() ? &report : find(report, "answers");
  if (!list || !list->is_array())
    throw Error(Code::invalid, where + " has no answers", "give the report of a data validation");
  for (auto& item : list->as_array()) {
    auto* answer = find(item, "answer");
    if (!answer) continue;
    if (auto digest = find_string(item, "digest")) answers[*digest] = canonical(*answer);
    if (auto name = find_string(item, "name")) answers[flat(*name)] = canonical(*answer);
  }
  return answers;
}

Expectation read_expectation(Workspace& workspace, const std::string& data, const std::string& labels,
                             const std::string& expected) {
  Expectation result;
  if (labels.empty() && expected.empty()) return result;
  auto& blobs = workspace.blobs();
  auto samples = digests_in(blobs.path(data), "validation data " + data);
  if (!labels.empty()) {
    json::value layer = parse_json(blobs.read(labels), "labels " + labels);
    auto* given = find(layer, "labels");
    if (!given || !given->is_object())
      throw Error(Code::invalid, "labels " + labels + " are no layer of labels", "see: gyre label folder");
    for (auto& [name, digest] : samples)
      if (auto* label = given->get_object().if_contains(digest)) result.labels[name] = get_string(*label, "label");
    if (result.labels.empty()) throw Error(Code::invalid, "labels " + labels + " know none of the samples of " + data);
  }
  if (!expected.empty()) {
    auto answers = answers_in(parse_json(blobs.read(expected), "report " + expected), "report " + expected);
    for (auto& [name, digest] : samples)
      for (auto& key : {digest, name})
        if (auto at = answers.find(key); at != answers.end()) result.answers[name] = at->second;
    if (result.answers.empty())
      throw Error(Code::invalid, "report " + expected + " has no answer for any of the samples of " + data,
                  "validate the model on the same held-back samples");
  }
  return result;
}

DeviceResult judge(const json::value& body, const Expectation& expectation) {
  DeviceResult result;
  result.error = string_or(body, "error", "");
  if (!result.error.empty()) return result;
  result.p50_ms = get_number(body, "p50_ms");
  result.p99_ms = get_number(body, "p99_ms");
  result.pss_mb = get_number(body, "pss_mb");
  auto* answers = find(body, "answers");
  if (!answers || !answers->is_array()) throw Error(Code::invalid, "a validation without answers");
  std::map<std::string, const json::value*, std::less<>> given;  // by name: one answer a sample
  for (auto& item : answers->get_array()) given[get_string(item, "name")] = find(item, "answer");
  result.samples = static_cast<std::int64_t>(given.size());
  auto answer_to = [&](const std::string& name) -> const json::value* {
    auto at = given.find(name);
    return at == given.end() ? nullptr : at->second;
  };
  if (!expectation.labels.empty()) {
    std::size_t right = 0;  // what was not answered is wrong
    for (auto& [name, label] : expectation.labels)
      if (auto* answer = answer_to(name)) right += string_or(*answer, "label", "") == label;
    result.accuracy = static_cast<double>(right) / static_cast<double>(expectation.labels.size());
  }
  if (!expectation.answers.empty()) {
    result.different = 0;
    for (auto& [name, expected] : expectation.answers) {
      auto* answer = answer_to(name);
      if (!answer || canonical(*answer) != expected) ++*result.different;
    }
  }
  return result;
}

}  // namespace gyre

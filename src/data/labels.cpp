#include "data/labels.hpp"

#include <algorithm>
#include <set>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"

namespace gyre {

namespace {
constexpr std::int64_t newest_version = 1;
constexpr std::size_t longest_label = 200;
}  // namespace

void check_label(std::string_view label, std::string_view where) {
  auto refuse = [&](std::string_view why) {
    throw Error(Code::invalid, std::string(where) + ": a label that " + std::string(why),
                "labels are short words: \"no_cap\"");
  };
  if (label.empty()) refuse("is empty");
  if (label.size() > longest_label) refuse("is longer than 200 bytes");
  for (char c : label)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') refuse("holds control characters");
}

void Labels::declare(const std::string& label) {
  auto at = std::lower_bound(classes.begin(), classes.end(), label);
  if (at == classes.end() || *at != label) classes.insert(at, label);
}

std::vector<std::string> Labels::all_classes() const {
  std::set<std::string> all(classes.begin(), classes.end());
  for (auto& [digest, label] : of) all.insert(label.label);
  return {all.begin(), all.end()};
}

void Labels::merge(const Labels& newer) {
  for (auto& [digest, label] : newer.of) of[digest] = label;
  for (auto& label : newer.classes) declare(label);
}

Labels parse_labels(std::string_view text, std::string_view where) {
  json::value value = parse_json(text, where);
  if (auto version = get_int(value, "version"); version < 1 || version > newest_version)
    throw Error(Code::unsupported, std::string(where) + ": labels of version " + std::to_string(version),
                "this program reads version " + std::to_string(newest_version) + "; update it");
  Labels labels;
  if (auto* classes = find(value, "classes")) {
    if (!classes->is_array()) throw Error(Code::invalid, std::string(where) + ": \"classes\" is no list");
    for (auto& item : classes->get_array()) {
      if (!item.is_string()) throw Error(Code::invalid, std::string(where) + ": a class that is no text");
      check_label(item.get_string(), where);
      labels.declare(std::string(item.get_string()));
    }
  }
  auto* given = find(value, "labels");
  if (!given || !given->is_object())
    throw Error(Code::invalid, std::string(where) + ": no object \"labels\"", "see docs/formats/dataset.md");
  for (auto& member : given->get_object()) {
    std::string digest(member.key());
    if (!is_digest(digest))
      throw Error(Code::invalid,
                  std::string(where) + ": a label for \"" + digest.substr(0, 80) + "\", which is no digest",
                  "labels belong to contents: sha256:<64 hex digits>");
    Label label{get_string(member.value(), "label"), string_or(member.value(), "by", ""),
                string_or(member.value(), "at", "")};
    check_label(label.label, where);
    labels.of[digest] = std::move(label);
  }
  return labels;
}

Labels load_labels(const fs::path& file) { return parse_labels(read_file(file), file.string()); }

std::string to_text(const Labels& labels) {
  std::string text = "{\"classes\":" + canonical(json::value_from(labels.all_classes())) + ",\n\"labels\":{";
  for (bool first = true; auto& [digest, label] : labels.of) {
    json::object row{{"label", label.label}};
    if (!label.by.empty()) row["by"] = label.by;
    if (!label.at.empty()) row["at"] = label.at;
    text += (first ? "\n\"" : ",\n\"") + digest + "\":" + canonical(row);
    first = false;
  }
  return text + "\n},\n\"version\":" + std::to_string(newest_version) + "}\n";
}

}  // namespace gyre

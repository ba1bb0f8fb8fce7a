#pragma once
// A layer of labels beside the data (docs/formats/dataset.md): sample digest -> label, who gave it, when.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gyre {

struct Label {
  std::string label;
  std::string by;  // folder | generator | a person's or a model's name
  std::string at;  // ISO time; empty where it follows from the data alone (a folder's name): equal data, equal bytes
  bool operator==(const Label&) const = default;
};

struct Labels {
  std::map<std::string, Label> of;   // by sample digest
  std::vector<std::string> classes;  // declared: a class may be known before it has a sample; sorted

  void declare(const std::string& label);
  std::vector<std::string> all_classes() const;  // declared or given, sorted
  void merge(const Labels& newer);               // what `newer` says goes before what is here
};

Labels parse_labels(std::string_view text, std::string_view where);  // Error{invalid} names what is wrong
Labels load_labels(const std::filesystem::path& file);
std::string to_text(const Labels& labels);                         // equal labels, equal bytes; one label a line
void check_label(std::string_view label, std::string_view where);  // Error{invalid}: empty, long, control characters

}  // namespace gyre

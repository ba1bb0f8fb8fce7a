#include "data/dataset.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/gather.hpp"

namespace gyre {

namespace {

constexpr std::size_t few = 5;  // fewer samples of a class teach little

void say_classes(Dataset& data) {
  auto counts = data.count_by_class();
  for (std::size_t i = 0; i < counts.size(); i++) {
    if (counts[i] == 0)
      data.findings.push_back("class \"" + data.classes[i] + "\" is empty: no sample has this label");
    else if (counts[i] < few)
      data.findings.push_back("class \"" + data.classes[i] + "\" has only " + counted(counts[i], "sample", "samples") +
                              ": at least 5 are needed to learn it");
  }
}

// Each content once: the same picture twice would count twice.
void drop_duplicates(Dataset& data) {
  std::set<std::string> seen;
  std::string example;
  auto is_again = [&](const Sample& sample) {
    bool again = !seen.insert(sample.digest).second;
    if (again && example.empty()) example = sample.path.string();
    return again;
  };
  if (auto twice = std::erase_if(data.samples, is_again))
    data.findings.push_back(counted(twice, "sample is", "samples are") +
                            " there more than once, counted once: " + example);
}

void put_labels(Dataset& data, const Labels& labels) {
  std::size_t used = 0, bare = 0;
  std::string example;
  for (auto& sample : data.samples) {
    if (auto at = labels.of.find(sample.digest); at != labels.of.end()) {
      sample.label = at->second.label;
      used++;
    } else if (bare++ == 0) {
      example = sample.path.string();
    }
  }
  if (auto unknown = labels.of.size() - used)
    data.findings.push_back(counted(unknown, "label belongs to a file that is", "labels belong to files that are") +
                            " not in the data");
  if (bare)
    data.findings.push_back(counted(bare, "sample has no label and is", "samples have no label and are") +
                            " left out: " + example);
  data.classes = labels.all_classes();
  std::erase_if(data.samples, [](auto& sample) { return sample.label.empty(); });
}

}  // namespace

std::size_t Dataset::class_of(const Sample& sample) const {
  auto at = std::lower_bound(classes.begin(), classes.end(), sample.label);
  if (at == classes.end() || *at != sample.label)
    throw Error(Code::internal, sample.path.string() + ": \"" + sample.label + "\" is no class of the data set");
  return static_cast<std::size_t>(at - classes.begin());
}

std::vector<std::size_t> Dataset::count_by_class() const {
  std::vector<std::size_t> counts(classes.size());
  if (!classes.empty())
    for (auto& sample : samples) counts[class_of(sample)]++;
  return counts;
}

Dataset load_dataset(const fs::path& folder) {
  bool single = fs::is_regular_file(folder);
  Dataset data{single ? folder.parent_path() : folder, {}, {}, {}};
  for (auto& path : single ? std::vector<fs::path>{folder.filename()} : files_below(folder)) {
    fs::path file = data.folder / path;
    data.samples.push_back({path, digest_of_file(file), {}, static_cast<std::int64_t>(fs::file_size(file))});
  }
  return data;
}

bool is_held_back(std::string_view digest, double share) {
  if (!is_digest(digest)) throw Error(Code::internal, "\"" + std::string(digest) + "\" is no digest");
  std::uint64_t number = 0;
  std::string_view digits = digest.substr(7, 13);  // 52 bits: exact as a double
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return double(number) * 0x1.0p-52 < share;
}

Part part_named(std::string_view name) {
  if (name == "all") return Part::all;
  if (name == "train") return Part::train;
  if (name == "hold") return Part::hold;
  throw Error(Code::invalid, "\"" + std::string(name) + "\" is no part of a data set", "parts are: all, train, hold");
}

Dataset load_samples(const fs::path& folder, const std::optional<fs::path>& labels, Part part, double share) {
  Dataset data = load_dataset(folder);
  if (data.samples.empty()) throw Error(Code::invalid, "the data set is empty", "gather some files first");
  drop_duplicates(data);
  if (labels) {
    put_labels(data, load_labels(*labels));
    if (data.samples.empty())
      throw Error(Code::invalid, "no sample of the data set has a label",
                  "the labels may belong to other data; `gyre label folder` makes labels from folder names");
    say_classes(data);
  }
  if (part == Part::all) return data;
  std::erase_if(data.samples, [&](auto& sample) { return is_held_back(sample.digest, share) != (part == Part::hold); });
  if (data.samples.empty())
    throw Error(Code::invalid, part == Part::hold ? "no sample is held back" : "every sample is held back",
                "too few samples for this share; gather more or change it");
  auto counts = data.count_by_class();
  for (std::size_t i = 0; i < counts.size(); i++)
    if (counts[i] == 0)
      data.findings.push_back(
          "class \"" + data.classes[i] + "\" has no sample " +
          (part == Part::hold ? "held back: how well it is told apart stays unknown" : "to learn from"));
  return data;
}

}  // namespace gyre

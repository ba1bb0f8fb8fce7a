#pragma once
// A data set on disk: a folder whose files are its samples (docs/formats/dataset.md). A sample is known by its content,
// not by its name: labels and the choice of what is held back hang on the digest and survive renames and additions.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/labels.hpp"

namespace gyre {

struct Sample {
  std::filesystem::path path;  // relative to the data set's folder
  std::string digest;
  std::string label;  // empty: none
  std::int64_t size = 0;
};

struct Dataset {
  std::filesystem::path folder;
  std::vector<Sample> samples;        // sorted by path
  std::vector<std::string> classes;   // labels that occur or are declared, sorted: the order that models use
  std::vector<std::string> findings;  // in words: an empty class, duplicates, labels for unknown files ...

  std::filesystem::path file(const Sample& sample) const { return folder / sample.path; }
  std::size_t class_of(const Sample& sample) const;  // its label's place in `classes`
  std::vector<std::size_t> count_by_class() const;   // beside `classes`
};

// Every file below `folder`, hashed. A single file is a data set of one sample.
Dataset load_dataset(const std::filesystem::path& folder);

// Whether a sample belongs to the part held back for validation: its digest as a number in [0, 1) is below `share`. It
// hangs on nothing but the content, so no sample changes sides when data are added, renamed or labelled anew.
bool is_held_back(std::string_view digest, double share);

enum class Part { all, train, hold };
Part part_named(std::string_view name);  // "all" | "train" | "hold"

// What trainers and evaluators work on: the samples of a part that have a label, each content once. Without `labels`
// the samples are taken without. `classes` and most findings are those of the whole data set, whatever the part, so
// that training and validation agree. Error{invalid} when nothing is left.
Dataset load_samples(const std::filesystem::path& folder, const std::optional<std::filesystem::path>& labels, Part part,
                     double share);

}  // namespace gyre

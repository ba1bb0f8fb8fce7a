#include "data/dataset.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "base/file.hpp"
#include "base/hash.hpp"

using namespace gyre;

static std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.text();
  }
  return "";
}

static void put(const fs::path& file, std::string_view content) {
  make_folders(file.parent_path());
  write_file(file, content);
}

static bool has_finding(const Dataset& data, std::string_view text) {
  return std::any_of(data.findings.begin(), data.findings.end(),
                     [&](auto& line) { return line.find(text) != std::string::npos; });
}

TEST_CASE("labels keep their bytes through reading and writing, and the newer goes before the older") {
  Labels labels;
  labels.of[digest_of("a")] = {"good", "folder", ""};
  labels.of[digest_of("b")] = {"da\"nted", "Åsa", "2026-01-01T00:00:00.000Z"};
  labels.declare("no_cap");
  std::string text = to_text(labels);
  Labels back = parse_labels(text, "labels.json");
  CHECK(back.of == labels.of);
  CHECK(back.classes == std::vector<std::string>{"da\"nted", "good", "no_cap"});
  CHECK(to_text(back) == text);

  Labels newer;
  newer.of[digest_of("a")] = {"dented", "Åsa", ""};
  back.merge(newer);
  CHECK(back.of.at(digest_of("a")).label == "dented");
  CHECK(back.of.size() == 2);
}

TEST_CASE("what is wrong in labels is named") {
  auto error = [](std::string_view text) { return error_of([&] { parse_labels(text, "l.json"); }); };
  CHECK(error(R"({"version":2,"labels":{}})") == "l.json: labels of version 2");
  CHECK(error(R"({"version":1,"labels":[]})") == "l.json: no object \"labels\"");
  CHECK(error(R"({"version":1,"labels":{"good/1.jpg":{"label":"good"}}})") ==
        "l.json: a label for \"good/1.jpg\", which is no digest");
  CHECK(error(R"({"version":1,"labels":{")" + digest_of("a") + R"(":{"label":""}}})") ==
        "l.json: a label that is empty");
  CHECK(error("{") != "");
}

TEST_CASE("what is held back hangs on the content alone and has about the size that was asked for") {
  int held = 0;
  for (int i = 0; i < 5000; i++) {
    std::string digest = digest_of("sample " + std::to_string(i));
    bool small = is_held_back(digest, 0.2);
    held += small;
    CHECK((!small || is_held_back(digest, 0.3)));  // a larger share holds back what a smaller one did
    CHECK_FALSE(is_held_back(digest, 0));
    CHECK(is_held_back(digest, 1));
  }
  CHECK(std::abs(held - 1000) < 100);
}

TEST_CASE("training and validation part the labelled samples between them and agree on the classes") {
  TemporaryFolder folder;
  Labels labels;
  for (int i = 0; i < 60; i++) {
    std::string content = "frame " + std::to_string(i), label = i % 2 ? "good" : "dented";
    put(folder.path() / "data" / label / (std::to_string(i) + ".jpg"), content);
    labels.of[digest_of(content)] = {label, "folder", ""};
  }
  write_file(folder.path() / "labels", to_text(labels));
  auto load = [&](Part part) { return load_samples(folder.path() / "data", folder.path() / "labels", part, 0.25); };
  Dataset all = load(Part::all), train = load(Part::train), hold = load(Part::hold);
  CHECK(all.samples.size() == 60);
  CHECK(train.samples.size() + hold.samples.size() == 60);
  CHECK(hold.samples.size() > 5);
  CHECK(train.classes == std::vector<std::string>{"dented", "good"});
  CHECK(hold.classes == train.classes);
  CHECK(all.findings.empty());
  CHECK(all.class_of(all.samples.back()) == 1);

  // Renamed, and with more data beside it, every sample stays where it was.
  for (int i = 0; i < 40; i++) put(folder.path() / "data/new" / std::to_string(i), "more " + std::to_string(i));
  fs::rename(folder.path() / "data/good", folder.path() / "data/renamed");
  Dataset again = load(Part::hold);
  CHECK(again.samples.size() == hold.samples.size());
  CHECK(has_finding(again, "40 samples have no label and are left out"));
}

TEST_CASE("a data set that cannot be learned from is said in words") {
  TemporaryFolder folder;
  put(folder.path() / "data/good/1.jpg", "one");
  put(folder.path() / "data/good/2.jpg", "one");
  put(folder.path() / "data/bad/3.jpg", "three");
  Labels labels;
  labels.of[digest_of("one")] = {"good", "folder", ""};
  labels.of[digest_of("elsewhere")] = {"good", "folder", ""};
  labels.declare("no_cap");
  write_file(folder.path() / "labels", to_text(labels));
  Dataset data = load_samples(folder.path() / "data", folder.path() / "labels", Part::all, 0.2);
  CHECK(data.samples.size() == 1);
  CHECK(has_finding(data, "class \"no_cap\" is empty"));
  CHECK(has_finding(data, "class \"good\" has only 1 sample"));
  CHECK(has_finding(data, "1 label belongs to a file that is not in the data"));
  CHECK(has_finding(data, "1 sample is there more than once, counted once: good/2.jpg"));
  CHECK(has_finding(data, "1 sample has no label and is left out: bad/3.jpg"));

  write_file(folder.path() / "none", to_text(Labels{}));
  CHECK(error_of([&] { load_samples(folder.path() / "data", folder.path() / "none", Part::all, 0.2); }) ==
        "no sample of the data set has a label");
  make_folders(folder.path() / "empty");
  CHECK(error_of([&] { load_samples(folder.path() / "empty", std::nullopt, Part::all, 0.2); }) ==
        "the data set is empty");
}

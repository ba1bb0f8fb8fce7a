#include <doctest/doctest.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/memory_context.hpp"
#include "data/dataset.hpp"
#include "data/gather.hpp"
#include "media/image.hpp"
#include "media/sound.hpp"

using namespace gyre;

static std::string error_of(const MemoryContext& context, std::string_view step, const json::object& options = {}) {
  try {
    get_step(step).run(options, const_cast<MemoryContext&>(context));
  } catch (const Error& error) {
    return error.text();
  }
  return "";
}

static void run(MemoryContext& context, std::string_view step, const json::object& options = {}) {
  get_step(step).run(options, context);
}

static std::string picture(int shade) {
  return encode_png({8, 8, std::vector<std::uint8_t>(192, static_cast<std::uint8_t>(shade))});
}

TEST_CASE("pictures are gathered as they are, a damaged one stops it or is left out and named") {
  TemporaryFolder folder;
  for (int i = 0; i < 6; i++) write_output(folder.path() / "in/good" / (std::to_string(i) + ".png"), picture(i));
  write_output(folder.path() / "in/notes.txt", "not a picture");
  MemoryContext context;
  context.inputs["folder"] = folder.path() / "in";
  run(context, "import-folder");
  CHECK(files_below(context.output("data")).size() == 6);
  CHECK(read_file(context.output("data") / "good/3.png") == picture(3));
  CHECK(context.said("6 pictures of 8 x 8"));
  CHECK(context.said("left out 1 file of another kind:\n  notes.txt"));

  write_output(folder.path() / "in/good/7.png", picture(7).substr(0, 60));
  write_output(folder.path() / "in/good/8.jpg", "");
  MemoryContext second;
  second.inputs = context.inputs;
  CHECK(error_of(second, "import-folder").starts_with("2 files cannot be read:\n  good/7.png: broken PNG"));
  MemoryContext third;
  third.inputs = context.inputs;
  run(third, "import-folder", {{"corrupt", "leave-out"}});
  CHECK(files_below(third.output("data")).size() == 6);
  CHECK(third.said("good/8.jpg: an empty file"));
}

TEST_CASE("recordings of another rate are resampled, and said so; long ones are cut") {
  TemporaryFolder folder;
  write_output(folder.path() / "in/a.wav", encode_wav({8000, std::vector<float>(20000, 0.25f)}));
  write_output(folder.path() / "in/b.wav", encode_wav({16000, std::vector<float>(20000, 0.25f)}));
  write_output(folder.path() / "in/c.wav", encode_wav({16000, std::vector<float>(100, 0.25f)}));
  MemoryContext context;
  context.inputs["folder"] = folder.path() / "in";
  run(context, "import-wav", {{"seconds", 1}});
  CHECK(context.said("1 file resampled from 8000 Hz to 16000 Hz"));
  CHECK(context.said("1 recording is shorter than a piece and left out"));
  CHECK(files_below(context.output("data")) == std::vector<fs::path>{"a-0000.wav", "a-0001.wav", "b-0000.wav"});
  Sound piece = decode_sound(read_file(context.output("data") / "a-0001.wav"), "a");
  CHECK(piece.rate == 16000);
  CHECK(piece.samples.size() == 16000);
}

TEST_CASE("folder names are labels; the same content under two labels is an error that names both") {
  TemporaryFolder folder;
  fs::path data = folder.path() / "data";
  for (int i = 0; i < 10; i++) write_output(data / (i % 2 ? "good" : "dented") / std::to_string(i), std::to_string(i));
  MemoryContext context;
  context.inputs["data"] = data;
  run(context, "label-folder", {{"classes", {"good", "dented", "no_cap"}}});
  Labels labels = load_labels(context.output("labels"));
  CHECK(labels.of.size() == 10);
  CHECK(labels.of.at(digest_of("3")).label == "good");
  CHECK(context.said("class \"no_cap\" is empty"));
  CHECK(context.said("dented 5, good 5, no_cap 0"));
  CHECK(error_of(context, "label-folder", {{"classes", {"good"}}}) == "dented/0: \"dented\" is none of the classes");
  write_output(data / "good/copy", "0");
  CHECK(error_of(context, "label-folder") == "good/copy and dented/0 are the same file under two labels");
}

TEST_CASE("a table of labels names unknown files by line and changes nothing") {
  TemporaryFolder folder;
  write_output(folder.path() / "data/a,1.jpg", "a");
  write_output(folder.path() / "data/b.jpg", "b");
  write_output(folder.path() / "table", "file,label\r\n\"a,1.jpg\",\"very \"\"good\"\"\"\nb.jpg,bad\nc.jpg,bad\n");
  MemoryContext context;
  context.inputs = {{"data", folder.path() / "data"}, {"table", folder.path() / "table"}};
  CHECK(error_of(context, "label-table") == "table:4: \"c.jpg\" is not in the data");
  CHECK_FALSE(fs::exists(context.output("labels")));
  run(context, "label-table", {{"unknown", "leave-out"}});
  Labels labels = load_labels(context.output("labels"));
  CHECK(labels.of.at(digest_of("a")).label == "very \"good\"");
  CHECK(labels.of.at(digest_of("b")).label == "bad");
}

TEST_CASE("merged data hold each content once and lose none of two files with one name") {
  TemporaryFolder folder;
  write_output(folder.path() / "one/good/1.jpg", "a");
  write_output(folder.path() / "one/good/2.jpg", "b");
  write_output(folder.path() / "two/good/1.jpg", "c");
  write_output(folder.path() / "two/bad/9.jpg", "b");
  MemoryContext context;
  context.inputs = {{"first", folder.path() / "one"}, {"second", folder.path() / "two"}};
  run(context, "merge-data");
  Dataset merged = load_dataset(context.output("data"));
  CHECK(merged.samples.size() == 3);
  CHECK(context.said("3 samples; 1 were there already"));
  CHECK(fs::exists(context.output("data") / "good" / ("1-" + digest_of("c").substr(7, 16) + ".jpg")));
}

TEST_CASE("merged labels: the later layer counts") {
  TemporaryFolder folder;
  Labels old, newer;
  old.of[digest_of("a")] = {"good", "folder", ""}, old.of[digest_of("b")] = {"good", "folder", ""};
  newer.of[digest_of("b")] = {"dented", "a person", "2026-01-01T00:00:00.000Z"};
  write_output(folder.path() / "old", to_text(old));
  write_output(folder.path() / "new", to_text(newer));
  MemoryContext context;
  context.inputs = {{"first", folder.path() / "old"}, {"second", folder.path() / "new"}};
  run(context, "merge-labels");
  Labels merged = load_labels(context.output("labels"));
  CHECK(merged.of.at(digest_of("a")).label == "good");
  CHECK(merged.of.at(digest_of("b")).by == "a person");
  CHECK(context.said("2 labels; 1 replaced by later ones"));
}

TEST_CASE("the split is reported and its held-back part can be taken") {
  TemporaryFolder folder;
  fs::path data = folder.path() / "data";
  Labels labels;
  for (int i = 0; i < 100; i++) {
    std::string name = i % 4 ? "good" : "bad", content = "sample " + std::to_string(i);
    write_output(data / name / std::to_string(i), content);
    labels.of[digest_of(content)] = {name, "folder", ""};
  }
  write_output(folder.path() / "labels", to_text(labels));
  MemoryContext context;
  context.inputs = {{"data", data}, {"labels", folder.path() / "labels"}};
  run(context, "split-report", {{"hold", 0.3}});
  json::value report = read_json_file(context.output("report"));
  run(context, "take-part", {{"part", "hold"}, {"hold", 0.3}});
  auto held = load_dataset(context.output("data")).samples;
  CHECK(static_cast<std::int64_t>(held.size()) == get_int(report, "hold"));
  CHECK(get_int(report, "train") + get_int(report, "hold") == 100);
  for (auto& sample : held) CHECK(is_held_back(sample.digest, 0.3));

  MemoryContext small;
  small.inputs = context.inputs;
  run(small, "take-part", {{"most", 40}});
  auto some = load_dataset(small.output("data")).samples;
  CHECK(some.size() == 40);
  auto sides = std::count_if(some.begin(), some.end(), [](auto& sample) { return is_held_back(sample.digest, 0.3); });
  CHECK((sides > 3 && sides < 25));
}

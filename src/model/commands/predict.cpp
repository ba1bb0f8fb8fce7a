#include <cstdio>

#include "base/command.hpp"
#include "model/describe.hpp"
#include "model/locate.hpp"

namespace gyre {

// Paths as given; below a folder every file, in name order.
static std::vector<fs::path> files_of(const json::array& paths) {
  std::vector<fs::path> files;
  for (auto& word : paths) {
    fs::path path(std::string(word.as_string()));
    if (!fs::is_directory(path))
      files.push_back(path);
    else
      for (auto& file : files_below(path)) files.push_back(path / file);
  }
  return files;
}

static void print(const Answer& answer, const std::string& name, std::optional<std::size_t> row,
                  const Predictor& predictor, bool json) {
  if (json) {
    json::object line{{"name", name}};
    if (row) line["row"] = *row;
    line["answer"] = answer.to_json(predictor.signature());
    std::printf("%s\n", canonical(line).c_str());
  } else {
    std::printf("%s%s  %s\n", name.c_str(), row ? (":" + std::to_string(*row)).c_str() : "",
                in_words(answer, predictor.signature()).c_str());
  }
}

static void answer_file(const Predictor& predictor, const fs::path& file, bool json) {
  std::string bytes = read_file(file);
  if (predictor.signature().takes != "table")
    return print(predictor.predict(bytes, file.string()), file.string(), std::nullopt, predictor, json);
  auto answers = predictor.predict_rows(bytes, file.string());
  for (std::size_t i = 0; i < answers.size(); i++) print(answers[i], file.string(), i + 1, predictor, json);
}

// One line a file, of tables one a row. A file that cannot be answered is said and the others go on; the exit code
// tells.
static int run(const json::object& values, CommandContext& context) {
  LocatedModel model(get_string(values, "model"), context);
  Predictor predictor(model.path());
  auto files = files_of(values.at("files").as_array());
  if (files.empty()) throw Error(Code::invalid, "there is no file to predict from");
  int exit_code = 0;
  for (auto& file : files) {
    try {
      answer_file(predictor, file, context.json);
    } catch (const Error& error) {
      exit_code = row_of(error.code).exit_code;
      if (context.json) {
        json::object told{{"code", row_of(error.code).name}, {"message", error.text()}, {"hint", error.hint}};
        std::printf("%s\n", canonical(json::object{{"name", file.string()}, {"error", std::move(told)}}).c_str());
      } else {
        std::fflush(stdout);  // in the order of the files, also where both streams go to one place
        std::fprintf(stderr, "gyre: %s\n", error.what());
        if (!error.hint.empty()) std::fprintf(stderr, "  %s\n", error.hint.c_str());
      }
    }
  }
  return exit_code;
}

extern const Command command_predict;
const Command command_predict{
    .words = "predict",
    .help =
        "Answer files with a model: one line each, of tables one a row\n\nA picture, a sound, or a CSV or JSON file "
        "with the model's columns.",
    .arguments = {{"model", FieldType::text, "a file, or NAME, NAME@3, NAME@champion", nullptr, {.required = true}},
                  {"files", FieldType::list, "files and folders", nullptr, {.required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre

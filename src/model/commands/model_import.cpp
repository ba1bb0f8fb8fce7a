#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"
#include "base/http_client.hpp"
#include "model/describe.hpp"
#include "model/import.hpp"

namespace gyre {

namespace {

struct Options {
  std::string out, as, labels, columns, takes = "auto", task = "auto", layout = "auto", normalise = "auto",
                                        colours = "rgb", unit, about;
  std::int64_t rate = 0;
  double threshold = 0;
};

const std::vector<Field> fields{
    field("out", &Options::out, "where the model is written"),
    field("as", &Options::as, "the name under which it is registered"),
    field("takes", &Options::takes, "what goes in",
          {.choices = {"auto", "image", "sound", "series", "table", "tensors"}}),
    field("task", &Options::task, "what comes out", {.choices = {"auto", "classify", "anomaly", "regress", "tensors"}}),
    field("labels", &Options::labels, "a file with a label in each line, or labels with commas between them"),
    field("columns", &Options::columns, "of a table or series: a file with a name in each line, or names with commas"),
    field("layout", &Options::layout, "where an image's channels are", {.choices = {"auto", "nchw", "nhwc"}}),
    field("normalise", &Options::normalise,
          "how pixels go in: by ImageNet's mean and deviation, 0 to 1, -1 to 1, or 0 to 255",
          {.choices = {"auto", "imagenet", "unit", "signed", "none"}}),
    field("colours", &Options::colours, "their order", {.choices = {"rgb", "bgr"}}),
    field("rate", &Options::rate, "of a sound or series, in Hz", {.min = 0}),
    field("threshold", &Options::threshold, "of an anomaly score: from it on it is an alarm"),
    field("unit", &Options::unit, "of the value that comes out"),
    field("about", &Options::about, "one sentence on the model"),
};

std::vector<std::string> names(const std::string& given) {
  bool file = fs::is_regular_file(given);
  std::string text = file ? read_file(given) : given;
  char between = file ? '\n' : ',';
  std::vector<std::string> list;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find(between, at), text.size());
    std::string name = text.substr(at, end - at);
    if (name.ends_with('\r')) name.pop_back();
    if (!name.empty()) list.push_back(std::move(name));
    at = end + 1;
  }
  return list;
}

int run(const json::object& values, CommandContext& context) {
  json::object own = values;
  own.erase("model");
  auto options = from_fields<Options>(fields, own, "model import");
  if (options.out.empty() && options.as.empty())
    throw Error(Code::invalid, "nobody says where the model goes", "--as NAME registers it, --out FILE writes it");
  fs::path file = get_string(values, "model");
  if (!fs::is_regular_file(file)) throw Error(Code::not_found, file.string() + ": there is no such file");
  ImportedModel model;
  try {
    model = import_model(read_file(file), {.takes = options.takes,
                                           .task = options.task,
                                           .layout = options.layout,
                                           .normalise = options.normalise,
                                           .colours = options.colours,
                                           .labels = names(options.labels),
                                           .columns = names(options.columns),
                                           .rate = options.rate,
                                           .threshold = options.threshold,
                                           .unit = options.unit,
                                           .about = options.about});
  } catch (const Error& error) {
    throw Error(error.code, file.string() + ": " + error.text(), error.hint);
  }
  TemporaryFolder folder;
  fs::path made = options.out.empty() ? folder.path() / "model.onnx" : fs::path(options.out);
  write_file(made, model.bytes);
  auto description = describe_model(made);
  json::value registered;
  if (!options.as.empty())
    registered = context.api().upload("PUT", "/api/models/" + percent_encode(options.as) + "/versions", made);
  if (context.json) {
    description["findings"] = json::value_from(model.findings);
    if (!options.as.empty()) description["registered"] = registered;
    context.print(description);
    return 0;
  }
  for (auto& finding : model.findings) std::printf("- %s\n", finding.c_str());
  std::fputs(in_words(description).c_str(), stdout);
  if (!options.as.empty())
    std::printf("registered as %s@%lld\n", options.as.c_str(), static_cast<long long>(get_int(registered, "version")));
  return 0;
}

}  // namespace

extern const Command command_model_import;
const Command command_model_import{
    .words = "model import",
    .help =
        "Make any ONNX file a model as Gyre makes them\n\nWhat it takes and gives is worked out and told; decoding, "
        "scaling and wording become part of its graph. Then predict, serve, score and the registry work with it.",
    .arguments = {{"model", FieldType::text, "an ONNX file", nullptr, {.required = true}}},
    .options = fields,
    .run = run};

}  // namespace gyre

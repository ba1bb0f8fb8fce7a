#include "nets/image_classifier.hpp"

#include <algorithm>
#include <sstream>

#include "nets/augment.hpp"

namespace gyre {

namespace {

const PictureShape& shape_for(PictureSize size) {
  return std::max(size.width, size.height) >= 160 ? squeezenet_1_1() : small_net();
}

}  // namespace

ImageClassifier::ImageClassifier(PictureSize size, std::vector<std::string> labels)
    : size(size), labels(std::move(labels)), net(PictureNet(shape_for(size), static_cast<int>(this->labels.size()))) {}

ImageClassifier::ImageClassifier(const std::string& weights, std::string_view where, std::vector<std::string> wanted)
    : labels(std::move(wanted)) {
  std::vector<std::string> known;
  torch::serialize::InputArchive archive, body;
  try {
    std::istringstream in(weights);
    archive.load_from(in);
    c10::IValue text;
    archive.read("about", text);
    json::value about = parse_json(text.toStringRef(), where);
    size = {static_cast<int>(get_int(about, "width")), static_cast<int>(get_int(about, "height"))};
    known = json::value_to<std::vector<std::string>>(about.at("labels"));
    archive.read("net", body);
    PictureNet before(shape_for(size), static_cast<int>(known.size()));
    before->load(body);
    net = before;
  } catch (const c10::Error&) {
    throw Error(Code::invalid, std::string(where) + " holds no weights of a picture classifier",
                "give the output \"weights\" of an earlier `gyre train images`");
  }
  if (known == labels) return;
  torch::NoGradGuard no_gradients;
  auto before = net->classifier;
  auto after = torch::nn::Linear(before->options.in_features(), static_cast<std::int64_t>(labels.size()));
  for (std::size_t i = 0; i < labels.size(); i++) {
    auto found = std::find(known.begin(), known.end(), labels[i]);
    if (found == known.end()) continue;
    auto row = found - known.begin();
    after->weight[static_cast<std::int64_t>(i)].copy_(before->weight[row]);
    after->bias[static_cast<std::int64_t>(i)].copy_(before->bias[row]);
  }
  net->classifier = net->replace_module("classifier", after);
}

std::string ImageClassifier::weights() const {
  torch::serialize::OutputArchive archive, body;
  json::object about{{"width", size.width}, {"height", size.height}, {"labels", json::value_from(labels)}};
  archive.write("about", c10::IValue(canonical(about)));
  net->save(body);
  archive.write("net", body);
  std::ostringstream out;
  archive.save_to(out);
  return std::move(out).str();
}

torch::Tensor ImageClassifier::features_of(const torch::Tensor& pictures) {
  torch::NoGradGuard no_gradients;
  std::vector<torch::Tensor> parts;
  for (auto& part : pictures.split(64)) parts.push_back(net->features(centred(part)));
  return torch::cat(parts);
}

void ImageClassifier::write(GraphBuilder& graph, const Unlike& unlike) const {
  using Integers = std::vector<std::int64_t>;
  std::string value = graph.input("image", DataType::u8, {1, -1, -1, 3});
  value = graph.node("Cast", {value}, {{"to", std::int64_t{1}}});  // to float
  value = graph.node("Transpose", {value}, {{"perm", Integers{0, 3, 1, 2}}});
  std::string sizes = graph.constant(Integers{1, 3, size.height, size.width});
  value = graph.node("Resize", {value, "", "", sizes},
                     {{"mode", std::string("linear")}, {"coordinate_transformation_mode", std::string("half_pixel")}});
  value = graph.node("Sub", {value, graph.constant(centre)});
  value = graph.node("Div", {value, graph.constant(spread)});
  std::string features = net->write_features(graph, value);
  std::string logits = write_linear(graph, features, net->classifier);
  std::string probabilities = graph.node("Softmax", {logits}, {{"axis", std::int64_t{1}}});
  graph.output(probabilities, "probabilities", DataType::f32, {1, static_cast<std::int64_t>(labels.size())});
  graph.output(unlike.write(graph, features), "score", DataType::f32, {1});
}

}  // namespace gyre

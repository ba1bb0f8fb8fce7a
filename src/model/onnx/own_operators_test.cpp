#include "model/own_operators.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>

#include "model/engine.hpp"
#include "model/loaded_model.hpp"
#include "model/onnx/proto.hpp"
#include "model/own_kernels.hpp"

using namespace gyre;

namespace {

struct Kind {
  const char* mode = "BRANCH_LEQ";
  std::int64_t targets = 1;
  bool missing = false, base = false, several_weights = false;
  int depth = 5;
};

// A forest whose trees differ in depth, over four columns; values of a coarse grid, so that thresholds are met exactly.
class ForestMaker {
 public:
  explicit ForestMaker(const Kind& kind) : kind_(kind) {
    for (int tree = 0; tree < 30; tree++) grow(tree, tree % (kind.depth + 1));
    node_.set_op_type("TreeEnsembleRegressor");
    node_.set_domain("ai.onnx.ml");
    node_.add_input("x");
    node_.add_output("y");
    for (auto& [name, values] : ints_)
      add(name, onnx::AttributeProto::INTS).mutable_ints()->Add(values.begin(), values.end());
    for (auto& [name, values] : floats_)
      add(name, onnx::AttributeProto::FLOATS).mutable_floats()->Add(values.begin(), values.end());
    auto& modes = add("nodes_modes", onnx::AttributeProto::STRINGS);
    for (auto& mode : modes_) modes.add_strings(mode);
    add("n_targets", onnx::AttributeProto::INT).set_i(kind.targets);
    if (kind.base)
      for (auto& base = add("base_values", onnx::AttributeProto::FLOATS); base.floats_size() < kind.targets;)
        base.add_floats(0.3f * static_cast<float>(base.floats_size() + 1));
  }

  std::string model() const {
    onnx::ModelProto model;
    model.set_ir_version(8);
    for (auto [domain, version] : {std::pair("", 17), std::pair("ai.onnx.ml", 3)}) {
      auto& opset = *model.add_opset_import();
      opset.set_domain(domain);
      opset.set_version(version);
    }
    auto& graph = *model.mutable_graph();
    graph.set_name("forest");
    *graph.add_node() = node_;
    auto describe = [](onnx::ValueInfoProto& value, const char* name, std::int64_t width) {
      value.set_name(name);
      auto& tensor = *value.mutable_type()->mutable_tensor_type();
      tensor.set_elem_type(onnx::TensorProto::FLOAT);
      tensor.mutable_shape()->add_dim()->set_dim_param("n");
      tensor.mutable_shape()->add_dim()->set_dim_value(width);
    };
    describe(*graph.add_input(), "x", 4);
    describe(*graph.add_output(), "y", kind_.targets);
    return serialised(model);
  }

  std::mt19937 random{7};

 private:
  onnx::AttributeProto& add(const std::string& name, onnx::AttributeProto::AttributeType type) {
    auto& attribute = *node_.add_attribute();
    attribute.set_name(name);
    attribute.set_type(type);
    return attribute;
  }
  std::int64_t grow(int tree, int depth) {
    auto place = ints_["nodes_nodeids"].size();
    auto number = count_[tree]++;
    bool leaf = depth == 0 || (depth < 3 && random() % 4 == 0);
    ints_["nodes_treeids"].push_back(tree);
    ints_["nodes_nodeids"].push_back(number);
    ints_["nodes_featureids"].push_back(leaf ? 0 : static_cast<std::int64_t>(random() % 4));
    ints_["nodes_truenodeids"].push_back(0);
    ints_["nodes_falsenodeids"].push_back(0);
    if (kind_.missing) ints_["nodes_missing_value_tracks_true"].push_back(leaf ? 0 : random() % 2);
    floats_["nodes_values"].push_back(leaf ? 0 : static_cast<float>(random() % 8) / 8);
    modes_.push_back(leaf ? "LEAF" : kind_.mode);
    if (leaf) {
      for (std::int64_t i = 0; i < (kind_.several_weights ? kind_.targets : 1); i++) {
        ints_["target_treeids"].push_back(tree);
        ints_["target_nodeids"].push_back(number);
        ints_["target_ids"].push_back(kind_.several_weights ? i : static_cast<std::int64_t>(random()) % kind_.targets);
        floats_["target_weights"].push_back(static_cast<float>(random() % 10000) / 7000 - 0.7f);
      }
    } else {
      auto left = grow(tree, depth - 1), right = grow(tree, depth - 1);
      ints_["nodes_truenodeids"][place] = left;
      ints_["nodes_falsenodeids"][place] = right;
    }
    return number;
  }

  Kind kind_;
  onnx::NodeProto node_;
  std::map<std::string, std::vector<std::int64_t>> ints_;
  std::map<std::string, std::vector<float>> floats_;
  std::vector<std::string> modes_;
  std::map<int, std::int64_t> count_;
};

// The engine would take the model as it was where this fails.
void load_own(const std::string& rewritten) {
  auto options = lean_options(1);
  add_own_operators(options);
  load_model_bytes(rewritten, options);
}

std::vector<float> rows_of(std::size_t count, std::mt19937& random) {
  constexpr float odd[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                           -std::numeric_limits<float>::infinity(), -0.0f};
  std::vector<float> rows(count * 4);
  for (auto& value : rows) value = random() % 20 == 0 ? odd[random() % 4] : static_cast<float>(random() % 64) / 56;
  return rows;
}

}  // namespace

TEST_CASE("a forest answers as ONNX Runtime's does, bit for bit") {
  for (auto& kind : {Kind{}, Kind{.mode = "BRANCH_LT"}, Kind{.missing = true},
                     Kind{.mode = "BRANCH_LT", .missing = true, .base = true}, Kind{.targets = 3},
                     Kind{.targets = 3, .base = true, .several_weights = true}, Kind{.depth = 0},
                     Kind{.missing = true, .depth = 9}}) {
    CAPTURE(kind.mode);
    CAPTURE(kind.targets);
    CAPTURE(kind.depth);
    ForestMaker maker(kind);
    auto model = maker.model();
    auto rewritten = with_own_operators(model);
    REQUIRE(rewritten);
    CHECK_NOTHROW(load_own(*rewritten));
    auto engine = ModelEngine::from_bytes(model);
    auto session = Session::from_bytes(model);
    CHECK(engine.outputs()[0].shape == session.outputs()[0].shape);
    for (std::int64_t count : {1, 7, 8, 129, 500}) {
      auto rows = rows_of(static_cast<std::size_t>(count), maker.random);
      auto x = Tensor::floats({count, 4}, rows);
      auto wanted = session.run({x});
      std::vector<TensorView> views{{x.type, x.shape, x.bytes, {}}};
      std::vector<std::size_t> outputs{0};
      auto answer = engine.run(views, outputs);
      CHECK(answer.outputs[0].shape == wanted[0].shape);
      CHECK(std::equal(wanted[0].bytes.begin(), wanted[0].bytes.end(), answer.outputs[0].bytes.begin(),
                       answer.outputs[0].bytes.end()));
    }
  }
}

TEST_CASE("what is no plain forest is left to ONNX Runtime") {
  CHECK_FALSE(with_own_operators(ForestMaker(Kind{.mode = "BRANCH_GT"}).model()));
  auto proto = parse_model(ForestMaker(Kind{}).model());
  auto& node = *proto.mutable_graph()->mutable_node(0);
  auto& attribute = *node.add_attribute();
  attribute.set_name("post_transform");
  attribute.set_type(onnx::AttributeProto::STRING);
  attribute.set_s("LOGISTIC");
  CHECK_FALSE(with_own_operators(serialised(proto)));
  attribute.set_s("NONE");
  CHECK(with_own_operators(serialised(proto)));
  node.mutable_attribute(0)->clear_ints();
  CHECK_FALSE(with_own_operators(serialised(proto)));
}

namespace {

// As an imported net begins: pictures of any size to planes, scaled to 5 x 4, a number added to and one taken times.
std::string picture_model(bool resized, std::vector<std::int64_t> order = {0, 3, 1, 2}) {
  GraphBuilder graph("pictures");
  auto value = graph.input("image", DataType::u8, {-1, -1, -1, 3});
  value = graph.node("Cast", {value}, {{"to", std::int64_t{1}}});
  value = graph.node("Transpose", {value}, {{"perm", std::move(order)}});
  if (resized) {
    auto count = graph.node("Gather", {graph.node("Shape", {value}), graph.constant(std::vector<std::int64_t>{0})});
    auto sizes =
        graph.node("Concat", {count, graph.constant(std::vector<std::int64_t>{3, 4, 5})}, {{"axis", std::int64_t{0}}});
    value = graph.node("Resize", {value, "", "", sizes}, {{"mode", std::string("linear")}});
  }
  const float by[] = {0.017124754f, 0.017507003f, 0.017429194f}, plus[] = {-2.117904f, -2.0357143f, -1.8044444f};
  value = graph.node("Mul", {value, graph.constant(Tensor::floats({1, 3, 1, 1}, by))});
  value = graph.node("Add", {value, graph.constant(Tensor::floats({1, 3, 1, 1}, plus))});
  graph.output(value, "y", DataType::f32, {-1, 3, -1, -1});
  graph.metadata("gyre.signature", "{}");
  return graph.finish();
}

}  // namespace

TEST_CASE("a net's picture is taken as ONNX Runtime takes it, bit for bit") {
  std::mt19937 random(5);
  for (bool resized : {false, true}) {
    CAPTURE(resized);
    auto model = picture_model(resized);
    auto rewritten = with_own_operators(model);
    REQUIRE(rewritten);
    CHECK(parse_model(*rewritten).graph().node_size() == parse_model(model).graph().node_size() - 2);
    CHECK_NOTHROW(load_own(*rewritten));
    auto engine = ModelEngine::from_bytes(model);
    auto session = Session::from_bytes(model);
    for (auto [count, height, width] : {std::tuple(1, 1, 1), std::tuple(1, 4, 5), std::tuple(2, 37, 53)}) {
      auto pictures = Tensor::zeros(DataType::u8, {count, height, width, 3});
      for (auto& byte : pictures.bytes) byte = static_cast<std::byte>(random());
      auto wanted = session.run({pictures});
      std::vector<TensorView> views{{pictures.type, pictures.shape, pictures.bytes, {}}};
      std::vector<std::size_t> outputs{0};
      auto answer = engine.run(views, outputs);
      CHECK(answer.outputs[0].shape == wanted[0].shape);
      CHECK(copy_of(answer.outputs[0]).bytes == wanted[0].bytes);
    }
  }
}

TEST_CASE("what takes no picture, or takes it in another way, is left to ONNX Runtime") {
  CHECK_FALSE(with_own_operators(picture_model(false, {0, 3, 2, 1})));
  auto proto = parse_model(picture_model(false));
  auto& graph = *proto.mutable_graph();
  auto& turned = *graph.add_output();  // seen from outside: it has to stay
  turned.set_name(graph.node(0).output(0));
  CHECK_FALSE(with_own_operators(serialised(proto)));
  graph.mutable_output()->RemoveLast();
  CHECK(with_own_operators(serialised(proto)));
  graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::INT8);
  CHECK_FALSE(with_own_operators(serialised(proto)));
}

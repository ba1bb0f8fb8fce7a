#include "learn/boosting/xgboost.hpp"

#include <dlfcn.h>
#include <xgboost/c_api.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/error.hpp"

namespace gyre {

namespace {

// clang-format off
#define GYRE_XGBOOST_FUNCTIONS(X)                                                                        \
  X(XGBGetLastError) X(XGBSetGlobalConfig) X(XGDMatrixCreateFromMat_omp) X(XGDMatrixSetFloatInfo)        \
  X(XGDMatrixFree) X(XGBoosterCreate) X(XGBoosterFree) X(XGBoosterSetParam) X(XGBoosterUpdateOneIter)    \
  X(XGBoosterEvalOneIter) X(XGBoosterPredictFromDMatrix) X(XGBoosterSaveModelToBuffer)
// clang-format on

struct Library {
#define X(name) decltype(&::name) name = nullptr;
  GYRE_XGBOOST_FUNCTIONS(X)
#undef X

  explicit Library(void* handle) {
    auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
      if (!function)
        throw Error(Code::unavailable, std::string("this XGBoost has no ") + name, "version 1.7 or newer is needed");
    };
#define X(name) find(name, #name);
    GYRE_XGBOOST_FUNCTIONS(X)
#undef X
    XGBSetGlobalConfig("{\"verbosity\": 0}");
  }
};

const Library& library() {
  static const Library loaded = [] {
    const char* given = std::getenv("GYRE_XGBOOST");
    const char* place = given && *given ? given : "libxgboost.so.0";
    if (void* handle = ::dlopen(place, RTLD_NOW | RTLD_LOCAL)) return Library(handle);
    throw Error(Code::unavailable, std::string("XGBoost cannot be loaded: ") + ::dlerror(),
                "install libxgboost0, or set GYRE_XGBOOST to a libxgboost.so of 1.7");
  }();
  return loaded;
}

void check(int result) {
  if (result != 0) throw Error(Code::internal, std::string("XGBoost: ") + library().XGBGetLastError());
}

class Data {
 public:
  Data(const Examples& examples, int threads) {
    auto& features = *examples.features;
    check(library().XGDMatrixCreateFromMat_omp(features.values.data(), features.rows, features.columns,
                                               std::numeric_limits<float>::quiet_NaN(), &handle, threads));
    set("label", examples.targets);
    if (!examples.weights.empty()) set("weight", examples.weights);
  }
  ~Data() { library().XGDMatrixFree(handle); }
  Data(const Data&) = delete;
  DMatrixHandle handle = nullptr;

 private:
  void set(const char* name, std::span<const double> values) {
    std::vector<float> narrow(values.begin(), values.end());
    check(library().XGDMatrixSetFloatInfo(handle, name, narrow.data(), narrow.size()));
  }
};

class Model {
 public:
  explicit Model(const std::vector<DMatrixHandle>& data) {
    check(library().XGBoosterCreate(data.data(), data.size(), &handle));
  }
  ~Model() { library().XGBoosterFree(handle); }
  Model(const Model&) = delete;
  BoosterHandle handle = nullptr;

  double evaluate(int round, DMatrixHandle data) {  // "[7]\tcheck-logloss:0.31"
    const char *name = "check", *text = nullptr;
    check(library().XGBoosterEvalOneIter(handle, round, &data, &name, 1, &text));
    std::string_view all = text;
    auto colon = all.rfind(':');
    double value = std::numeric_limits<double>::quiet_NaN();
    if (colon != std::string_view::npos) std::from_chars(all.data() + colon + 1, all.data() + all.size(), value);
    return value;
  }
  std::span<const float> answers(
      DMatrixHandle data) {  // [rows][labels], of two labels the second one's; until next called
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* values = nullptr;
    static const char* all_rounds =
        R"({"type": 0, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": true})";
    check(library().XGBoosterPredictFromDMatrix(handle, data, all_rounds, &shape, &dimensions, &values));
    std::size_t count = 1;
    for (bst_ulong d = 0; d < dimensions; d++) count *= shape[d];
    return {values, count};
  }
  json::value saved() {
    bst_ulong size = 0;
    const char* text = nullptr;
    check(library().XGBoosterSaveModelToBuffer(handle, "{\"format\": \"json\"}", &size, &text));
    return parse_json(std::string_view(text, size), "XGBoost's model");
  }
};

double number_at(const json::value& tree, std::string_view key, std::size_t i) {
  auto& value = tree.at(key).as_array().at(i);
  return value.is_bool() ? value.get_bool() : value.to_number<double>();
}

// Left is where a value is below the condition: among floats, where it is not above the float before it.
Tree tree_from(const json::value& saved, std::vector<double>& importance) {
  Tree tree;
  std::size_t count = saved.at("left_children").as_array().size();
  for (std::size_t i = 0; i < count; i++) {
    TreeNode node;
    auto condition = static_cast<float>(number_at(saved, "split_conditions", i));
    auto left = static_cast<std::int32_t>(number_at(saved, "left_children", i));
    if (left < 0) {
      node.value = condition;
    } else {
      node.feature = static_cast<std::int32_t>(number_at(saved, "split_indices", i));
      node.threshold = std::nextafter(condition, -std::numeric_limits<float>::infinity());
      node.missing_left = number_at(saved, "default_left", i) != 0;
      node.left = left, node.right = static_cast<std::int32_t>(number_at(saved, "right_children", i));
      importance.at(static_cast<std::size_t>(node.feature)) += number_at(saved, "loss_changes", i);
    }
    tree.nodes.push_back(node);
  }
  return tree;
}

}  // namespace

std::unique_ptr<TreeEnsemble> train_xgboost(const XgboostParameters& parameters, const XgboostRounds& rounds,
                                            const Examples& examples, const TrainingContext& context, std::size_t sums,
                                            double base, Link link) {
  Data data(examples, context.threads);
  std::unique_ptr<Data> check_data;
  std::vector<DMatrixHandle> handles{data.handle};
  if (context.has_check()) {
    check_data = std::make_unique<Data>(context.check, context.threads);
    handles.push_back(check_data->handle);
  }
  Model model(handles);
  for (auto& [name, value] : parameters) check(library().XGBoosterSetParam(model.handle, name.c_str(), value.c_str()));
  double best = std::numeric_limits<double>::infinity();
  std::int64_t best_round = 0, round = 0;
  while (round < rounds.most && !context.stop()) {
    check(library().XGBoosterUpdateOneIter(model.handle, static_cast<int>(round), data.handle));
    round++;
    if (!check_data) continue;
    if (context.trace) {
      auto answers = model.answers(check_data->handle);
      auto& traced = context.trace->answers.emplace_back();
      if (link == Link::sigmoid)
        for (float p : answers) traced.insert(traced.end(), {1 - p, p});
      else
        traced.assign(answers.begin(), answers.end());
    }
    double loss = model.evaluate(static_cast<int>(round), check_data->handle);
    if (loss < best) best = loss, best_round = round;
    if (round - best_round >= rounds.patience) break;
  }
  std::int64_t taken = check_data && best_round > 0 ? best_round : round;
  if (context.trace) context.trace->kept = static_cast<std::size_t>(taken);
  json::value saved = model.saved();
  auto& trees = saved.at("learner").at("gradient_booster").at("model");
  auto ensemble = std::make_unique<TreeEnsemble>(examples.features->columns, sums, link);
  for (std::size_t o = 0; o < sums; o++) ensemble->add_base(o, base);
  std::vector<double> importance(examples.features->columns);
  auto& list = trees.at("trees").as_array();
  for (std::size_t i = 0; i < std::min(list.size(), static_cast<std::size_t>(taken) * sums); i++) {
    Tree tree = tree_from(list[i], importance);
    tree.output = static_cast<std::size_t>(trees.at("tree_info").as_array().at(i).to_number<std::int64_t>());
    ensemble->add(std::move(tree));
  }
  ensemble->set_importance(std::move(importance));
  ensemble->set_about({{"rounds", taken}, {"rounds_made", round}});
  return ensemble;
}

}  // namespace gyre

#pragma once
// Builds an ONNX graph node by node (opset 17, IR 8). Trainers write their nets with it, pre- and post-processing
// included.
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "model/signature.hpp"
#include "model/tensor.hpp"

namespace gyre {

using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
                               std::vector<std::string>>;
using Attributes = std::map<std::string, Attribute>;

class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name);
  ~GraphBuilder();
  GraphBuilder(GraphBuilder&&) noexcept;
  // -1 in a shape is a free dimension.
  std::string input(std::string name, DataType type, std::vector<std::int64_t> shape);
  void output(const std::string& value, std::string name, DataType type, std::vector<std::int64_t> shape);
  std::string constant(const Tensor& tensor, std::string name = {});  // names are made up when empty
  std::string constant(float value);
  std::string constant(std::vector<std::int64_t> values);
  // Adds a node and gives the name of its first output ("_1", "_2" ... appended for the others when outputs > 1).
  // Operators beside ONNX's own are named with their domain: "ai.onnx.ml.LabelEncoder", "com.microsoft.Tokenizer".
  std::string node(std::string op, std::vector<std::string> inputs, Attributes attributes = {}, int outputs = 1);
  void metadata(std::string key, std::string value);
  void describe(const Signature& signature, const json::value& lineage);
  // Nodes added from here on belong to this part of the model: "pre", "net" or "post". Where a model has parts, only
  // "net" is quantised: a log-mel or a Mahalanobis distance in 8 bits would be ruined.
  void part(std::string name);
  // The serialised ModelProto. Names were checked as they came; ONNX Runtime infers and checks shapes when it loads it.
  std::string finish() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

// Sets metadata in a finished file's bytes (golden answers come after the first run).
std::string with_metadata(std::string_view model, const std::map<std::string, std::string>& entries);

}  // namespace gyre

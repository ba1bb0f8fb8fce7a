#pragma once
// A finished graph whose constants are exchanged: thousands of models that differ in their numbers are built once.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/signature.hpp"

namespace gyre {

class GraphTemplate {
 public:
  explicit GraphTemplate(std::string_view model);
  ~GraphTemplate();
  GraphTemplate(GraphTemplate&&) noexcept;
  // Error{internal} where the graph has no f32 constant of that name and size.
  void set(std::string_view constant, const std::vector<double>& values);
  void describe(const Signature& signature);  // the lineage stays
  void metadata(std::string_view key, std::string value);
  std::string finish() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace gyre

#pragma once
// A pipeline: steps joined by what flows between them. Written by people as YAML (docs/formats/pipeline.md), by
// programs as JSON.
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

struct Node {
  std::string id;
  std::string step;  // a step's name
  json::object options;
  std::map<std::string, std::string>
      inputs;  // input -> "sha256:..." | "node.output" | "asset" | "asset@3" | "file:/path"
  std::map<std::string, std::string> keep;  // output -> asset name to record it under
  std::string station;                      // for display; may be empty
  int threads = 0;                          // at most so many cores; 0: its share of what is free
};

struct Pipeline {
  std::string name;
  std::vector<Node> nodes;
};

// `parameters` replaces ${{parameters.x}} in the text's values; an unknown or missing one is an error naming the line.
Pipeline parse_pipeline(std::string_view yaml, std::string_view where, const json::object& parameters);
Pipeline pipeline_from(const json::value& value);
json::object to_json(const Pipeline& pipeline);
// Checks steps, options, ports, references and cycles; gives the nodes in an order that can be run.
std::vector<std::size_t> check(const Pipeline& pipeline);

}  // namespace gyre

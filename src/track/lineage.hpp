#pragma once
// What came from what, as edges between things that have a kind and an id:
//   data <digest> -> run <id> -> model <name@version> -> image <digest> -> deployment <id> -> device <name>
#include <string>

#include "store/workspace.hpp"

namespace gyre {

struct Thing {
  std::string kind;
  std::string id;
};

// The same edge twice is one edge.
void add_edge(Workspace& workspace, const Thing& from, const Thing& to, std::string_view how);

// Everything that a thing came from and everything that came from it, over any number of edges:
// {"kind","id","sources":[edge...],"results":[edge...]}, an edge {"from":{"kind","id"},"to":{...},"how","at","depth"},
// nearest first. Error{not_found} when no edge knows it.
json::object lineage_of(Workspace& workspace, const Thing& thing);

}  // namespace gyre

#pragma once
// Which role a route needs, on what: one table for all routes (policy.cpp). A route without a line of its own needs a
// reader of the whole workspace to look, a contributor to change.
#include <functional>
#include <string_view>
#include <vector>

#include "base/route.hpp"
#include "server/users.hpp"

namespace gyre {

// Which experiments or models a request is about; none: it is about the workspace.
using FindSubjects = std::function<std::vector<Subject>(Workspace& workspace, const Request& request)>;

struct Policy {
  std::string_view method;  // "*": any
  std::string_view path;    // beginning of the route's pattern; the longest one counts
  Role role;
  FindSubjects subjects{};
  enum class Then { nothing, filters, creates, deletes, renames } then = Then::nothing;
  std::string_view member{};  // filters: the list in the answer; creates: where the answer names what was made
  std::string_view key{};     // filters: what names the experiment or model in each item
};
const Policy& policy_of(const Route& route);

}  // namespace gyre

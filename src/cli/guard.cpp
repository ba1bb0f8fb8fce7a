#include "cli/guard.hpp"

#include <algorithm>
#include <utility>

#include "base/acting_from.hpp"
#include "cli/policy.hpp"
#include "server/http_server.hpp"

namespace gyre {

static void check(const Policy& policy, const Request& request, const std::vector<Subject>& subjects, Users& users) {
  if (users.role_of(request.who) >= policy.role) return;
  auto enough = [&](const Subject& subject) { return users.role_of(request.who, subject) >= policy.role; };
  if (!subjects.empty() && std::all_of(subjects.begin(), subjects.end(), enough)) return;
  std::string on = subjects.empty() ? "this workspace" : subjects.front().kind + " " + subjects.front().id;
  throw Error(Code::denied, request.who + " is no " + std::string(name_of(policy.role)) + " of " + on,
              subjects.empty() ? "an admin can change that: gyre user role"
                               : "its owner can change that: gyre user role --" + subjects.front().kind);
}

// Takes out of the answer's list what the caller may not see.
static void filter(const Policy& policy, const Request& request, Users& users, Response& response) {
  if (users.role_of(request.who) >= Role::reader || response.status != 200) return;
  json::value body = parse_json(response.body, "answer");
  auto* list = body.as_object().if_contains(policy.member);
  if (!list || !list->is_array()) return;
  std::string kind = policy.key == "experiment_id" ? "experiment" : "model";
  json::array seen;
  for (auto& item : list->get_array())
    if (users.role_of(request.who, {kind, get_string(item, policy.key)}) >= Role::reader) seen.push_back(item);
  *list = std::move(seen);
  response.body = json::serialize(body);
}

// Who makes something owns it; what is gone takes its roles along.
static void follow(const Policy& policy, const Request& request, const std::vector<Subject>& subjects, Users& users,
                   const Response& response) {
  using Then = Policy::Then;
  if (response.status != 200 || policy.then == Then::nothing) return;
  if (policy.then == Then::creates && users.role_of(request.who) < Role::owner) {
    Subject made = !subjects.empty()
                       ? subjects.front()
                       : Subject{"experiment", get_string(parse_json(response.body, "answer"), policy.member)};
    users.set_role(request.who, made, Role::owner, request.who);
  }
  if (policy.then == Then::deletes && !subjects.empty()) users.forget(subjects.front());
  if (policy.then == Then::renames && !subjects.empty())
    users.rename(subjects.front(), get_string(request.json_body(), "new_name"));
}

std::vector<Route> guarded(std::vector<Route> routes, Workspace& workspace, Users& users) {
  for (auto& route : routes) {
    const Policy& policy = policy_of(route);
    route.handle = [handle = std::move(route.handle), &policy, &workspace, &users](Request& request) {
      auto peer = request.headers.find(peer_header);
      ActingFrom there(peer == request.headers.end() ? ActingFrom::now() : peer->second);
      bool simple = policy.then == Policy::Then::nothing && users.role_of(request.who) >= policy.role;
      if (simple) return handle(request);
      auto subjects = policy.subjects ? policy.subjects(workspace, request) : std::vector<Subject>();
      check(policy, request, subjects, users);
      Response response = handle(request);
      if (policy.then == Policy::Then::nothing) return response;
      if (response.once) wait_for(std::exchange(response.once, {}));
      if (policy.then == Policy::Then::filters) filter(policy, request, users, response);
      follow(policy, request, subjects, users, response);
      return response;
    };
  }
  return routes;
}

}  // namespace gyre

#include "server/user_routes.hpp"

namespace gyre {

static void admins_only(const Users& users, const Request& request) {
  if (!users.is_admin(request.who))
    throw Error(Code::denied, request.who + " is no admin", "gyre user list says who is");
}

static bool flag(const json::value& body, std::string_view name) { return find(body, name) && get_bool(body, name); }

static Response add(Users& users, const Request& request) {
  admins_only(users, request);
  auto body = request.json_body();
  std::string name = get_string(body, "name");
  users.add(name, role_named(string_or(body, "role", "reader")), flag(body, "admin"), request.who);
  return json_response({{"name", name}, {"token", users.add_token(name, "first", request.who)}});
}

static Response set_role(Users& users, const Request& request) {
  auto body = request.json_body();
  Role role = role_named(get_string(body, "role"));
  std::string name = request.param("name");
  for (std::string kind : {"experiment", "model"}) {
    auto subject = find_string(body, kind);
    if (!subject) continue;
    Subject on{kind, *subject};
    if (!users.is_admin(request.who) && users.role_of(request.who, on) < Role::owner)
      throw Error(Code::denied, request.who + " does not own " + kind + " " + *subject,
                  "its owners and admins give roles on it");
    users.set_role(name, on, role, request.who);
    return json_response({{"name", name}, {kind, *subject}, {"role", name_of(role)}});
  }
  admins_only(users, request);
  users.set_role(name, role, request.who);
  return json_response({{"name", name}, {"role", name_of(role)}});
}

// A user's own tokens are his to make and to take away.
static void self_or_admin(const Users& users, const Request& request) {
  if (request.who != request.param("name")) admins_only(users, request);
}

std::vector<Route> user_routes(Users& users) {
  return {
      {"GET", "/api/me", "Who asks, and what role that is everywhere",
       [&](Request& request) {
         return json_response({{"name", request.who},
                               {"role", name_of(users.role_of(request.who))},
                               {"admin", users.is_admin(request.who)}});
       }},
      {"GET", "/api/users", "Users, their roles, the labels of their tokens",
       [&](Request& request) {
         admins_only(users, request);
         return json_response({{"users", users.list()}});
       }},
      {"POST", "/api/users", "Add a user: {name, role, admin}; gives a token, this once",
       [&](Request& request) { return add(users, request); }},
      {"DELETE", "/api/users/{name}", "Remove a user, roles and tokens too",
       [&](Request& request) {
         admins_only(users, request);
         users.remove(request.param("name"), request.who);
         return json_response(json::object());
       }},
      {"PUT", "/api/users/{name}/role", "Give a role, everywhere or on something: {role, experiment | model}",
       [&](Request& request) { return set_role(users, request); }},
      {"POST", "/api/users/{name}/tokens", "Make a token: {label}; it is given this once",
       [&](Request& request) {
         self_or_admin(users, request);
         return json_response({{"token", users.add_token(request.param("name"),
                                                         get_string(request.json_body(), "label"), request.who)}});
       }},
      {"DELETE", "/api/users/{name}/tokens/{label}", "Take a token away; it is refused from now on",
       [&](Request& request) {
         self_or_admin(users, request);
         users.remove_token(request.param("name"), request.param("label"), request.who);
         return json_response(json::object());
       }},
  };
}

}  // namespace gyre

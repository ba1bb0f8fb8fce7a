#include "base/route.hpp"

#include <strings.h>
#include <algorithm>
#include <utility>

namespace gyre {

bool LessNoCase::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) < std::tolower(y);
  });
}

std::string Request::param(std::string_view name) const {
  auto it = params.find(name);
  if (it == params.end()) throw Error(Code::internal, "the route has no parameter " + std::string(name));
  return it->second;
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  auto it = query.find(name);
  if (it == query.end()) return {};
  return it->second;
}

json::value Request::json_body() const {
  if (body.empty()) return json::object();
  return parse_json(body, "request body");
}

Response json_response(const json::value& value, int status) {
  return {.status = status, .body = json::serialize(value)};
}

Response error_response(const Error& error) {
  auto& row = row_of(error.code);
  json::object body{{"code", row.name}, {"message", error.text()}};
  if (!error.hint.empty()) body["hint"] = error.hint;
  return json_response({{"error", body}}, row.http_status);
}

void RouteTable::mount(std::vector<Route> routes, ErrorForm form) {
  for (auto& route : routes) {
    if (route.pattern.find('{') == std::string::npos)
      whole_.try_emplace(route.method + " " + route.pattern, routes_.size());
    routes_.push_back(std::move(route));
    forms_.push_back(form);
  }
}

// Matches one pattern; `literal` counts the literal parts, by which the most specific route wins.
static bool fits(std::string_view pattern, std::string_view path,
                 std::map<std::string, std::string, std::less<>>* params, int* literal) {
  auto part = [](std::string_view& text) {
    if (text.starts_with('/')) text.remove_prefix(1);
    auto slash = text.find('/');
    auto head = text.substr(0, slash);
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
    return head;
  };
  *literal = 0;
  while (path.starts_with("//")) path.remove_prefix(1);  // clients put paths together
  while (!pattern.empty()) {
    if (path.empty()) return false;
    std::string_view rest = path.starts_with('/') ? path.substr(1) : path;
    std::string_view want = part(pattern);
    if (want.starts_with('{') && want.ends_with("...}")) {
      if (params) (*params)[std::string(want.substr(1, want.size() - 5))] = std::string(rest);
      return true;
    }
    std::string_view have = part(path);
    if (want.starts_with('{')) {
      if (have.empty()) return false;
      if (params) (*params)[std::string(want.substr(1, want.size() - 2))] = std::string(have);
    } else if (want != have) {
      return false;
    } else {
      ++*literal;
    }
  }
  return path.empty() || path == "/";
}

const Route* RouteTable::match(const Request& request, std::map<std::string, std::string, std::less<>>* params,
                               bool* other_method, std::size_t* index) const {
  if (auto whole = whole_.find(request.method + " " + request.path); whole != whole_.end()) {
    if (index) *index = whole->second;
    return &routes_[whole->second];
  }
  const Route* best = nullptr;
  int best_literal = -1;
  for (std::size_t i = 0; i < routes_.size(); i++) {
    int literal = 0;
    if (!fits(routes_[i].pattern, request.path, nullptr, &literal)) continue;
    bool method = routes_[i].method == request.method || (request.method == "HEAD" && routes_[i].method == "GET");
    if (!method) {
      if (other_method) *other_method = true;
    } else if (literal > best_literal) {
      best = &routes_[i];
      best_literal = literal;
      if (index) *index = i;
    }
  }
  int literal = 0;
  if (best && params) fits(best->pattern, request.path, params, &literal);
  return best;
}

static Response told(std::exception_ptr failure, const RouteTable::ErrorForm& form) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return form(error);
  } catch (const std::exception& error) {
    return form(Error(Code::internal, error.what()));
  }
}

const Route* RouteTable::find(const Request& request) const { return match(request, nullptr, nullptr, nullptr); }

Response RouteTable::begin(Request& request) const {
  bool other_method = false;
  std::size_t index = 0;
  const Route* route = match(request, &request.params, &other_method, &index);
  if (!route) {
    Response response = error_response(Error(Code::not_found, "nothing is at " + request.method + " " + request.path));
    if (other_method) response.status = 405;
    return response;
  }
  try {
    return route->handle(request);
  } catch (...) {
    return told(std::current_exception(), forms_[index]);
  }
}

Response RouteTable::failed(const Request& request, std::exception_ptr failure) const {
  std::size_t index = 0;
  bool known = match(request, nullptr, nullptr, &index);
  return told(failure, known ? forms_[index] : error_response);
}

Response RouteTable::handle(Request& request) const {
  Response response = begin(request);
  if (!response.once) return response;
  try {
    wait_for(std::exchange(response.once, {}));
    return response;
  } catch (...) {
    return failed(request, std::current_exception());
  }
}

}  // namespace gyre

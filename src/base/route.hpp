#pragma once
// HTTP requests, answers and routes as values. The server (src/server) carries them; the command line calls the same
// routes in process when no server runs. A module gives its routes as a table: `std::vector<Route> x_routes(...)`.
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/later.hpp"

namespace gyre {

struct LessNoCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
using Headers = std::map<std::string, std::string, LessNoCase>;

struct Request {
  std::string method;
  std::string path;                                        // decoded, without the query
  std::map<std::string, std::string, std::less<>> params;  // from the route's pattern
  std::multimap<std::string, std::string, std::less<>> query;
  Headers headers;
  std::string body;                                // empty when body_file is set
  std::optional<std::filesystem::path> body_file;  // a route with spool = true: the body, in a file to move or read
  std::string body_digest;                         // of a large body in a file, where its route wants it; else empty
  std::string who = "local";                       // the caller's identity

  std::string param(std::string_view name) const;
  std::optional<std::string> query_value(std::string_view name) const;
  json::value json_body() const;  // Error{invalid} when it is none; an empty body is an empty object
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  Headers headers{};
  std::optional<std::filesystem::path> file{};  // instead of body; Range is honoured by the server
  Later once{};                                 // the answer is good once this has ended well
};

Response json_response(const json::value& value, int status = 200);
Response error_response(const Error& error);  // {"error":{"code","message","hint"}}

using Handler = std::function<Response(Request&)>;

// Pattern: "/api/models/{name}/versions/{version}"; a last "{path...}" takes the rest, slashes included.
struct Route {
  std::string method;
  std::string pattern;
  std::string help;
  Handler handle;
  bool spool = false;   // large bodies go to a file first
  bool hashed = false;  // with spool: Request::body_digest
  bool quick = false;   // answers from memory, or with its `once`: never waits for a disk or another program
};

inline Route quick(Route route) {
  route.quick = true;
  return route;
}

// Finds the route for a request and calls it; errors become answers. Patterns with more literal parts win.
class RouteTable {
 public:
  using ErrorForm = std::function<Response(const Error&)>;
  void mount(std::vector<Route> routes, ErrorForm form = error_response);
  Response handle(Request& request) const;  // never throws; waits for what the answer waits for
  Response begin(Request& request) const;   // never throws; the answer may have its `once`
  Response failed(const Request& request, std::exception_ptr failure) const;  // in the form of the request's route
  const Route* find(const Request& request) const;                            // nullptr: 404 or 405
  const std::vector<Route>& routes() const { return routes_; }

 private:
  const Route* match(const Request& request, std::map<std::string, std::string, std::less<>>* params,
                     bool* other_method, std::size_t* index) const;
  std::vector<Route> routes_;
  std::vector<ErrorForm> forms_;                        // beside routes_
  std::unordered_map<std::string, std::size_t> whole_;  // "METHOD /path" of the patterns without parameters
};

}  // namespace gyre

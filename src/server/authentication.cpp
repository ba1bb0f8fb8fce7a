#include "server/authentication.hpp"

#include <strings.h>
#include <sys/random.h>

#include "base/hash.hpp"

namespace gyre {

static std::string random_text() {
  unsigned char bytes[32];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    throw Error(Code::internal, "the system gives no random numbers");
  return hex(std::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
}

Authentication::Authentication(const Users& users, std::set<std::string, std::less<>> open)
    : users_(users), open_(std::move(open)), local_token_("gyre_local_" + random_text()) {}

// In the forms of all who may ask: ours, MLflow's, the registry's.
static Response unauthorized(std::string_view text) {
  std::string hint = "send a token: Authorization: Bearer, or Basic with the user's name and the token as password";
  json::object ours{{"code", "denied"}, {"message", text}, {"hint", hint}};
  json::object body{{"error", ours}, {"error_code", "UNAUTHENTICATED"}, {"message", text}};
  body["errors"] = json::array{json::object{{"code", "UNAUTHORIZED"}, {"message", text}}};
  Response response = json_response(body, 401);
  response.headers["WWW-Authenticate"] = "Basic realm=\"gyre\"";
  return response;
}

static bool is_scheme(std::string_view header, std::string_view scheme) {
  return header.size() > scheme.size() && header[scheme.size()] == ' ' &&
         ::strncasecmp(header.data(), scheme.data(), scheme.size()) == 0;
}

Authentication::Shown Authentication::look(Request& request) const {
  auto header = request.headers.find("Authorization");
  if (header == request.headers.end() || header->second.empty()) return Shown::nothing;
  std::string_view text = header->second;
  std::string token, name;
  if (is_scheme(text, "Bearer")) {
    token = text.substr(7);
  } else if (is_scheme(text, "Basic")) {
    try {
      std::string both = from_base64(std::string(text.substr(6)));
      auto colon = both.find(':');
      if (colon == std::string::npos) return Shown::wrong;
      name = both.substr(0, colon);
      token = both.substr(colon + 1);
    } catch (const Error&) {
      return Shown::wrong;  // no base64
    }
  } else {
    return Shown::wrong;
  }
  auto user = digest_of(token) == digest_of(local_token_) ? std::optional<std::string>("local") : users_.user_of(token);
  if (!user || (!name.empty() && name != *user)) return Shown::wrong;
  request.who = *user;
  return Shown::good;
}

std::optional<Response> Authentication::admit(Request& request) const {
  Shown shown = look(request);
  if (shown == Shown::good) return {};
  if (open_.contains(request.path)) {
    request.who = "anonymous";
    return {};
  }
  return unauthorized(shown == Shown::nothing ? "this server wants to know who asks" : "this token is not known here");
}

std::optional<Response> Authentication::admit_readers(Request& request) const {
  Shown shown = look(request);
  if (shown == Shown::good) return {};
  if (shown == Shown::wrong) return unauthorized("this token is not known here");
  if (request.path == "/v2" || request.path == "/v2/" || (request.method != "GET" && request.method != "HEAD"))
    return unauthorized("this registry wants to know who asks");
  request.who = "anonymous";
  return {};
}

}  // namespace gyre

#include "cli/origin.hpp"

#include "server/http_server.hpp"
#include "store/audit.hpp"

namespace gyre {

std::vector<Route> with_origin(std::vector<Route> routes) {
  for (auto& route : routes)
    route.handle = [handle = std::move(route.handle)](Request& request) {
      auto peer = request.headers.find(peer_header);
      if (peer == request.headers.end()) return handle(request);
      ActingFrom there(peer->second);
      return handle(request);
    };
  return routes;
}

}  // namespace gyre

#pragma once
#include "serve/connection.hpp"
#include "serve/grpc_call.hpp"

namespace gyre {

// gRPC over HTTP/2 on a connection; many calls at a time.
std::unique_ptr<Protocol> make_http2(Connection& connection, const GrpcHandler& handler);

}  // namespace gyre

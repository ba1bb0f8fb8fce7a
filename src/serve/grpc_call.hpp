#pragma once
// A gRPC call as its handler sees it; http2.cpp carries it.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace gyre {

// A message in the bytes it came in: no copy is made of it.
struct GrpcMessage {
  std::string bytes;
  std::size_t first = 0;
  std::shared_ptr<const void> pass{};  // let go with the message
  std::string_view view() const { return std::string_view(bytes).substr(first); }
};

class GrpcCall {
 public:
  virtual ~GrpcCall() = default;
  virtual std::string_view path() const = 0;  // "/package.Service/Method"
  // Of those that came with the call: "authorization", "api-key", "traceparent"; empty when absent.
  virtual std::string_view metadata(std::string_view name) const = 0;
  // Answers message number `place` of the call, from any thread: a stream's answers go out in the order of its
  // messages, whichever is ready first. The message is written behind the bytes that frame it: see grpc_frame().
  virtual void answer(std::size_t place, std::string framed) = 0;
  virtual void fail(const Error& error) = 0;                   // ends the call
  virtual void carry_trace(std::string traceparent) = 0;       // before the first answer
  virtual void refuse(int status, std::string_view text) = 0;  // the same, with a status of gRPC's own
};
using GrpcCallPointer = std::shared_ptr<GrpcCall>;

// Called on an I/O thread for each message as it is whole.
struct GrpcHandler {
  std::function<void(const GrpcCallPointer& call, std::size_t place, GrpcMessage message)> message;
  std::function<bool(std::string_view path)> streams;       // whether a method takes and gives many messages
  std::function<void(const GrpcCallPointer& call)> head{};  // before its messages come: may refuse it; empty: none is
};

// Room for a frame's head; grpc_framed() fills it in when the message behind it is complete.
inline std::string grpc_frame() { return std::string(5, '\0'); }
inline std::string grpc_framed(std::string frame) {
  auto size = static_cast<std::uint32_t>(frame.size() - 5);
  for (int i = 0; i < 4; i++) frame[static_cast<std::size_t>(4 - i)] = static_cast<char>(size >> (8 * i));
  return frame;
}

}  // namespace gyre

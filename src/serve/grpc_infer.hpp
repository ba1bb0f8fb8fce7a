#pragma once
#include <string>
#include <string_view>

#include "serve/infer.hpp"

namespace gyre {

class SharedMemory;

// ModelInferRequest; tensors point into the message. Error{invalid}.
void read_grpc_infer(std::string_view message, const SharedMemory& shared, InferRequest& request);
// Appends ModelInferResponse to what `to` has.
void write_grpc_infer(const InferTask& task, std::string& to);

}  // namespace gyre

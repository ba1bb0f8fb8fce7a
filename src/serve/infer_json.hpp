#pragma once
// Inference requests and answers of the Open Inference Protocol over REST: JSON, with the binary extension.
#include <string>
#include <string_view>

#include "serve/infer.hpp"

namespace gyre {

class SharedMemory;

// `binary`: what follows the JSON in the body; tensors of the request point into it. Error{invalid}.
void read_infer(std::string_view text, std::string_view binary, const SharedMemory& shared, InferRequest& request);
// A body that is one tensor for a model with one input.
void read_raw_infer(std::string_view body, const std::vector<TensorInfo>& inputs, InferRequest& request);

// Texts in the protocol's raw form: each with its length before it.
std::vector<std::string> unpack_texts(std::span<const std::byte> bytes, std::size_t count, std::string_view where);
std::size_t packed_size(const TensorView& tensor);
void pack_tensor(const TensorView& tensor, std::string& to);
// Sets bytes or texts of an input from its raw form. Bytes are used where they are when they are aligned.
void take_raw(InferInput& input, std::span<const std::byte> bytes);
// Copies an output to the shared memory that its request names; gives its size. Error{invalid} when it is too small.
std::size_t put_shared(const TensorView& tensor, const SharedPlace& place, std::string_view name);

// The body for a finished task: JSON and then, from byte `json_size`, the binary tensors.
struct InferBody {
  std::string bytes;
  std::size_t json_size = 0;
  bool binary = false;
};
InferBody write_infer(const InferTask& task);

// The values as one list, row-major. `name` is for the Error of a type that JSON cannot carry.
void append_json_values(std::string& to, const TensorView& tensor, std::string_view name);
void append_json_string(std::string& to, std::string_view text);

}  // namespace gyre

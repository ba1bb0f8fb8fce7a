#pragma once
// What a log says of itself, signed: the checkpoint text of transparency logs (C2SP tlog-checkpoint in a signed-note,
// Ed25519), so that their tools can read and verify it. docs/formats/audit.md.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "store/merkle.hpp"

namespace gyre {

struct Checkpoint {
  std::string origin;  // which log
  std::uint64_t size = 0;
  MerkleHash root{};
};

std::string sign_note(const Checkpoint& checkpoint, const SigningKey& key);
// Error{invalid} when it is no such text, Error{denied} when the key did not sign it.
Checkpoint read_note(std::string_view note, std::string_view public_pem);
// The key as verifiers of signed notes take it: <name>+<hash>+<base64>.
std::string verifier_key(std::string_view origin, std::string_view public_pem);

}  // namespace gyre

#include "store/signed_note.hpp"

#include "base/error.hpp"
#include "tests/fuzz.hpp"

static const gyre::SigningKey& key() {
  static const gyre::SigningKey made = gyre::make_signing_key();
  return made;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    gyre::read_note({reinterpret_cast<const char*>(data), size}, key().public_pem);
  } catch (const gyre::Error&) {  // said in words: what shall happen
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {gyre::sign_note({"gyre/audit/x", 7, gyre::merkle_empty()}, key()), "a\n1\nAA==\n\n\u2014 a AA==\n"};
}

#include "store/signed_note.hpp"

#include <charconv>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace gyre {

static constexpr std::string_view dash = "\u2014 ";

// The 32 bytes of an Ed25519 key: the end of what its PEM holds.
static std::string raw_key(std::string_view public_pem) {
  std::string text;
  for (std::size_t at = 0; at < public_pem.size();) {
    auto end = std::min(public_pem.find('\n', at), public_pem.size());
    if (auto line = public_pem.substr(at, end - at); !line.starts_with("-----")) text += line;
    at = end + 1;
  }
  std::string der = from_base64(text);
  if (der.size() < 32) throw Error(Code::invalid, "the public key is too short");
  return '\x01' + der.substr(der.size() - 32);  // 1: Ed25519
}

static std::string key_hash(std::string_view origin, std::string_view raw) {
  auto bytes = Sha256().add(origin).add("\n").add(raw).bytes();
  return {reinterpret_cast<const char*>(bytes.data()), 4};
}

std::string verifier_key(std::string_view origin, std::string_view public_pem) {
  std::string raw = raw_key(public_pem);
  return std::string(origin) + "+" + hex(key_hash(origin, raw)) + "+" + base64(raw);
}

std::string sign_note(const Checkpoint& checkpoint, const SigningKey& key) {
  std::string text =
      checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + base64(bytes_of(checkpoint.root)) + "\n";
  std::string signature = key_hash(checkpoint.origin, raw_key(key.public_pem)) + sign(key.private_pem, text);
  return text + "\n" + std::string(dash) + checkpoint.origin + " " + base64(signature) + "\n";
}

Checkpoint read_note(std::string_view note, std::string_view public_pem) {
  auto malformed = [] {
    return Error(Code::invalid, "this is no checkpoint of an audit log", "gyre audit checkpoint prints one");
  };
  auto middle = note.find("\n\n");
  if (middle == std::string_view::npos) throw malformed();
  std::string_view text = note.substr(0, middle + 1), signatures = note.substr(middle + 2), rest = text;
  auto line = [&] {
    auto end = rest.find('\n');
    if (end == std::string_view::npos) throw malformed();
    std::string_view one = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return one;
  };
  Checkpoint checkpoint{.origin = std::string(line())};
  std::string_view size = line();
  std::string root = from_base64(std::string(line()));
  auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), checkpoint.size);
  if (error != std::errc() || end != size.data() + size.size() || root.size() != checkpoint.root.size())
    throw malformed();
  root.copy(reinterpret_cast<char*>(checkpoint.root.data()), root.size());
  std::string start = std::string(dash) + checkpoint.origin + " ",
              expected = key_hash(checkpoint.origin, raw_key(public_pem));
  for (rest = signatures; !rest.empty();) {  // others may have signed it too
    std::string_view one = line();
    if (!one.starts_with(start)) continue;
    std::string signature = from_base64(std::string(one.substr(start.size())));
    if (signature.size() == 68 && signature.starts_with(expected) && verify(public_pem, text, signature.substr(4)))
      return checkpoint;
  }
  throw Error(Code::denied, "the checkpoint of " + std::to_string(checkpoint.size) +
                                " entries is not signed by this workspace's key");
}

}  // namespace gyre

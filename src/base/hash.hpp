#pragma once
// SHA-256 and base64. A digest as text is "sha256:" and 64 hex digits.
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace gyre {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256& add(std::string_view bytes);
  std::array<std::uint8_t, 32> bytes();  // ends it
  std::string digest();                  // ends it: "sha256:..."

 private:
  void* context_;
};

std::string digest_of(std::string_view bytes);
std::string digest_of_file(const std::filesystem::path& path);
bool is_digest(std::string_view text);
std::string hex(std::string_view bytes);
std::string base64(std::string_view bytes);
std::string from_base64(std::string_view text);  // Error{invalid} when it is none

}  // namespace gyre

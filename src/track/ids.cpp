#include "track/ids.hpp"

#include <sys/random.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"

namespace gyre {

std::string new_id() {
  unsigned char bytes[16];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    throw Error(Code::internal, "the system gives no random numbers");
  auto milliseconds = static_cast<std::uint64_t>(now_ms());
  for (int i = 0; i < 4; i++) bytes[i] = static_cast<unsigned char>(milliseconds >> (24 - 8 * i));
  return hex(std::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
}

}  // namespace gyre

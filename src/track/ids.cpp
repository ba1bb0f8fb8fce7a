#include "track/ids.hpp"

#include <sys/random.h>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace gyre {

std::string random_id() {
  unsigned char bytes[16];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    throw Error(Code::internal, "the system gives no random numbers");
  return hex(std::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
}

}  // namespace gyre

#include "store/libpq.hpp"

#include <dlfcn.h>

#include <string>
#include <type_traits>

#include "base/error.hpp"

namespace gyre {

const Libpq& libpq() {
  static const Libpq loaded = [] {
    void* handle = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!handle)
      throw Error(Code::unavailable, std::string("PostgreSQL's client library cannot be loaded: ") + ::dlerror(),
                  "apt-get install libpq5");
    Libpq library;
    auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
      if (!function) throw Error(Code::unavailable, std::string("this libpq has no ") + name, "install a newer libpq5");
    };
#define X(name) find(library.name, "PQ" #name);
    GYRE_LIBPQ_FUNCTIONS(X)
#undef X
    return library;
  }();
  return loaded;
}

}  // namespace gyre

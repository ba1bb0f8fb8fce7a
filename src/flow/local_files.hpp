#pragma once
// A request may name a file of the server's machine only when it comes from who works there with the server's own
// rights: anyone else would read through the server what is not theirs.
#include "base/route.hpp"

namespace gyre {

inline void only_local(const Request& request, const std::string& file) {
  if (request.who == "local") return;
  throw Error(Code::denied, request.who + " may not have the server read " + file,
              "who works on the server's own machine may; from elsewhere, name data that are here: gyre data list");
}

inline void only_local(const Request& request, const std::map<std::string, std::string>& inputs) {
  for (auto& [name, reference] : inputs)
    if (reference.starts_with("file:")) only_local(request, reference.substr(5));
}

}  // namespace gyre

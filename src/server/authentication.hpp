#pragma once
// Who a request comes from: a user's token, as Bearer or as the password of Basic.
#include <functional>
#include <set>
#include <string>

#include "base/route.hpp"
#include "server/users.hpp"

namespace gyre {

class Authentication {
 public:
  // `open`: paths that anybody may ask for.
  Authentication(const Users& users, std::set<std::string, std::less<>> open);
  // Whoever knows it is "local": it lies in a file that only the server's own account can read, and is new with
  // each start.
  const std::string& local_token() const { return local_token_; }

  // For Listener::admit: sets `who`, or gives a 401.
  std::optional<Response> admit(Request& request) const;
  // The same for a registry that everybody may read: who shows nothing is "anonymous". The start page asks for a name,
  // because that is where clients look whether they should give one.
  std::optional<Response> admit_readers(Request& request) const;

 private:
  enum class Shown { nothing, good, wrong };
  Shown look(Request& request) const;
  const Users& users_;
  std::set<std::string, std::less<>> open_;
  std::string local_token_;
};

}  // namespace gyre

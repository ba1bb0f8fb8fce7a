#pragma once
// Who may do what: users with tokens, and roles: everywhere, or on one experiment or model. docs/users.md.
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/workspace.hpp"

namespace gyre {

enum class Role { none, reader, contributor, owner };
std::string_view name_of(Role role);
Role role_named(std::string_view name);  // Error{invalid}

struct Subject {
  std::string kind;  // experiment | model
  std::string id;    // an experiment's id, a model's name
  auto operator<=>(const Subject&) const = default;
};

// Questions are answered from memory; every change is written first. The name "local" stands for whoever works on this
// machine with the rights of the server itself, and may do everything.
class Users {
 public:
  explicit Users(Workspace& workspace);

  void add(const std::string& name, Role everywhere, bool admin, std::string_view who);
  void remove(const std::string& name, std::string_view who);
  void set_role(const std::string& name, Role everywhere, std::string_view who);
  void set_role(const std::string& name, const Subject& on, Role role, std::string_view who);  // none: takes it away
  std::string add_token(const std::string& name, const std::string& label, std::string_view who);  // shown this once
  void remove_token(const std::string& name, const std::string& label, std::string_view who);
  // A subject that is gone takes its roles with it, so that a later one of its name has none; or it has a new name.
  void forget(const Subject& subject);
  void rename(const Subject& subject, const std::string& id);
  json::array list();

  std::optional<std::string> user_of(std::string_view token) const;
  bool is_admin(std::string_view name) const;
  Role role_of(std::string_view name) const;                     // everywhere
  Role role_of(std::string_view name, const Subject& on) const;  // the higher of the two

 private:
  struct Known {
    Role everywhere = Role::none;
    bool admin = false;
    std::map<Subject, Role> on{};
  };
  void load();
  void check_there(const std::string& name);

  Workspace& workspace_;
  std::mutex loading_;        // one reads and installs at a time: what was read first must not be put there last
  mutable std::mutex mutex_;  // guards the two
  std::map<std::string, Known, std::less<>> known_;
  std::unordered_map<std::string, std::string> by_token_;  // digest -> name
};

}  // namespace gyre

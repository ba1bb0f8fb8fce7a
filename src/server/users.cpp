#include "server/users.hpp"

#include <sys/random.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"

namespace gyre {

static constexpr std::string_view role_names[] = {"none", "reader", "contributor", "owner"};

std::string_view name_of(Role role) { return role_names[static_cast<int>(role)]; }

Role role_named(std::string_view name) {
  for (int i = 0; i < 4; i++)
    if (role_names[i] == name) return static_cast<Role>(i);
  throw Error(Code::invalid, "\"" + std::string(name) + "\" is no role", "none, reader, contributor or owner");
}

static void check_user_name(const std::string& name) {
  bool good = !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || std::string_view("._-@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (!good) throw Error(Code::invalid, "\"" + name + "\" is no user's name", "up to 100 letters, digits, . _ - and @");
  for (auto own : {"local", "gyre", "watch", "anonymous"})  // the log's words for who is no user
    if (name == own) throw Error(Code::invalid, "\"" + name + "\" is taken by Gyre itself", "choose another name");
}

static std::string random_token() {
  unsigned char bytes[32];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    throw Error(Code::internal, "the system gives no random numbers");
  return "gyre_" + hex(std::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
}

Users::Users(Workspace& workspace) : workspace_(workspace) { load(); }

void Users::load() {
  std::lock_guard one_by_one(loading_);
  auto& rows = workspace_.rows();
  std::map<std::string, Known, std::less<>> known;
  std::unordered_map<std::string, std::string> by_token;
  for (auto& row : rows.query("SELECT * FROM member"))
    known[get_string(row, "name")] = {role_named(get_string(row, "role")), get_int(row, "admin") != 0};
  for (auto& row : rows.query("SELECT * FROM member_role"))
    known[get_string(row, "member")].on[{get_string(row, "kind"), get_string(row, "subject")}] =
        role_named(get_string(row, "role"));
  for (auto& row : rows.query("SELECT * FROM member_token"))
    by_token[get_string(row, "digest")] = get_string(row, "member");
  std::lock_guard lock(mutex_);
  known_ = std::move(known);
  by_token_ = std::move(by_token);
}

void Users::check_there(const std::string& name) {
  if (!workspace_.rows().one("SELECT name FROM member WHERE name = $1", {name}))
    throw Error(Code::not_found, "there is no user " + name, "gyre user list shows them");
}

void Users::add(const std::string& name, Role everywhere, bool admin, std::string_view who) {
  check_user_name(name);
  workspace_.rows().transaction([&] {
    if (workspace_.rows().one("SELECT name FROM member WHERE name = $1", {name}))
      throw Error(Code::conflict, "there is a user " + name + " already", "gyre user role changes what one may do");
    workspace_.rows().run("INSERT INTO member VALUES ($1, $2, $3, $4)",
                          {name, name_of(everywhere), admin ? 1 : 0, now_ms()});
    workspace_.audit(who, "user add", "user/" + name, nullptr, {{"role", name_of(everywhere)}, {"admin", admin}});
  });
  load();
}

void Users::remove(const std::string& name, std::string_view who) {
  workspace_.rows().transaction([&] {
    check_there(name);
    workspace_.rows().run("DELETE FROM member WHERE name = $1", {name});
    workspace_.audit(who, "user remove", "user/" + name, nullptr, nullptr);
  });
  load();
}

void Users::set_role(const std::string& name, Role everywhere, std::string_view who) {
  workspace_.rows().transaction([&] {
    check_there(name);
    auto before = workspace_.rows().one("SELECT role FROM member WHERE name = $1", {name})->at("role");
    workspace_.rows().run("UPDATE member SET role = $2 WHERE name = $1", {name, name_of(everywhere)});
    workspace_.audit(who, "user role", "user/" + name, before, json::value(name_of(everywhere)));
  });
  load();
}

void Users::set_role(const std::string& name, const Subject& on, Role role, std::string_view who) {
  workspace_.rows().transaction([&] {
    check_there(name);
    auto before = workspace_.rows().one("SELECT role FROM member_role WHERE member = $1 AND kind = $2 AND subject = $3",
                                        {name, on.kind, on.id});
    if (role == Role::none)
      workspace_.rows().run("DELETE FROM member_role WHERE member = $1 AND kind = $2 AND subject = $3",
                            {name, on.kind, on.id});
    else
      workspace_.rows().run(
          "INSERT INTO member_role VALUES ($1, $2, $3, $4)"
          " ON CONFLICT (member, kind, subject) DO UPDATE SET role = $4",
          {name, on.kind, on.id, name_of(role)});
    json::object after{{on.kind, on.id}, {"role", name_of(role)}};
    workspace_.audit(who, "user role", "user/" + name, before ? before->at("role") : json::value(), after);
  });
  load();
}

std::string Users::add_token(const std::string& name, const std::string& label, std::string_view who) {
  if (label.empty() || label.size() > 100) throw Error(Code::invalid, "a token's label has 1 to 100 characters");
  std::string token = random_token();
  workspace_.rows().transaction([&] {
    check_there(name);
    if (workspace_.rows().one("SELECT label FROM member_token WHERE member = $1 AND label = $2", {name, label}))
      throw Error(Code::conflict, name + " has a token labelled " + label + " already",
                  "choose another label, or take that one away: gyre user revoke " + name + " " + label);
    workspace_.rows().run("INSERT INTO member_token VALUES ($1, $2, $3, $4)",
                          {digest_of(token), name, label, now_ms()});
    workspace_.audit(who, "user token", "user/" + name, nullptr, {{"label", label}});
  });
  load();
  return token;
}

void Users::remove_token(const std::string& name, const std::string& label, std::string_view who) {
  workspace_.rows().transaction([&] {
    auto gone = workspace_.rows().query("DELETE FROM member_token WHERE member = $1 AND label = $2 RETURNING label",
                                        {name, label});
    if (gone.empty())
      throw Error(Code::not_found, name + " has no token labelled " + label, "gyre user list shows them");
    workspace_.audit(who, "user token revoke", "user/" + name, {{"label", label}}, nullptr);
  });
  load();
}

void Users::forget(const Subject& subject) {
  workspace_.rows().run("DELETE FROM member_role WHERE kind = $1 AND subject = $2", {subject.kind, subject.id});
  load();
}

void Users::rename(const Subject& subject, const std::string& id) {
  auto& rows = workspace_.rows();
  rows.transaction([&] {  // who has a role in both keeps that of what is renamed
    rows.run(
        "DELETE FROM member_role WHERE kind = $1 AND subject = $3 AND $2 <> $3 AND member IN"
        " (SELECT member FROM member_role WHERE kind = $1 AND subject = $2)",
        {subject.kind, subject.id, id});
    rows.run("UPDATE member_role SET subject = $3 WHERE kind = $1 AND subject = $2", {subject.kind, subject.id, id});
  });
  load();
}

json::array Users::list() {
  json::array users;
  auto& rows = workspace_.rows();
  for (auto& row : rows.query("SELECT * FROM member ORDER BY name")) {
    json::array roles, tokens;
    for (auto& role : rows.query("SELECT * FROM member_role WHERE member = $1 ORDER BY kind, subject", {row["name"]}))
      roles.push_back(json::object{{"kind", role["kind"]}, {"subject", role["subject"]}, {"role", role["role"]}});
    for (auto& token : rows.query("SELECT * FROM member_token WHERE member = $1 ORDER BY label", {row["name"]}))
      tokens.push_back(json::object{{"label", token["label"]}, {"created_at", token["created_at"]}});
    users.push_back(json::object{{"name", row["name"]},
                                 {"role", row["role"]},
                                 {"admin", get_int(row, "admin") != 0},
                                 {"created_at", row["created_at"]},
                                 {"roles", roles},
                                 {"tokens", tokens}});
  }
  return users;
}

std::optional<std::string> Users::user_of(std::string_view token) const {
  std::string digest = digest_of(token);
  std::lock_guard lock(mutex_);
  auto at = by_token_.find(digest);
  if (at == by_token_.end()) return {};
  return at->second;
}

bool Users::is_admin(std::string_view name) const {
  if (name == "local") return true;
  std::lock_guard lock(mutex_);
  auto at = known_.find(name);
  return at != known_.end() && at->second.admin;
}

Role Users::role_of(std::string_view name) const {
  if (name == "local") return Role::owner;
  std::lock_guard lock(mutex_);
  auto at = known_.find(name);
  return at == known_.end() ? Role::none : at->second.admin ? Role::owner : at->second.everywhere;
}

Role Users::role_of(std::string_view name, const Subject& on) const {
  Role everywhere = role_of(name);
  std::lock_guard lock(mutex_);
  auto at = known_.find(name);
  if (at == known_.end()) return everywhere;
  auto own = at->second.on.find(on);
  return own == at->second.on.end() ? everywhere : std::max(everywhere, own->second);
}

}  // namespace gyre

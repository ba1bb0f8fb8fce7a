#include "cli/policy.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "cli/app.hpp"

using namespace gyre;

namespace {

Policy policy(const char* method, const char* pattern) { return policy_of({method, pattern, "", {}, false}); }

}  // namespace

TEST_CASE("the most specific line of the policy counts") {
  CHECK(policy("POST", "/api/2.0/mlflow/runs/delete").role == Role::owner);
  CHECK(policy("POST", "/api/2.0/mlflow/runs/delete-tag").role == Role::contributor);
  CHECK(policy("POST", "/ajax-api/2.0/mlflow/runs/delete").role == Role::owner);
  CHECK(policy("POST", "/api/2.0/mlflow/runs/search").role == Role::reader);
  CHECK(policy("DELETE", "/api/2.0/mlflow/logged-models/{model_id}/tags/{key}").role == Role::contributor);
  CHECK(policy("GET", "/api/models").then == Policy::Then::filters);
  CHECK(policy("GET", "/api/models/{name}").role == Role::reader);
  CHECK(policy("POST", "/api/models/{name}/versions").role == Role::contributor);
  CHECK(policy("GET", "/api/audit/proof/{id}").role == Role::owner);
  CHECK(policy("POST", "/api/gc").role == Role::owner);
  // What nobody thought of needs a role everywhere.
  CHECK(policy("GET", "/api/never/heard/of").role == Role::reader);
  CHECK(policy("PUT", "/api/never/heard/of").role == Role::contributor);
  CHECK_FALSE(policy("PUT", "/api/never/heard/of").subjects);
  CHECK(policy("POST", "/api/devicesque").role == Role::contributor);  // a line is about whole parts of a path
}

TEST_CASE("no route that changes something is open to readers, but for searches") {
  TemporaryFolder folder;
  App app(Workspace::init(folder.path()));
  for (auto& route : app.api.routes()) {
    if (route.method == "GET" || route.pattern.starts_with("/api/users")) continue;  // the latter check for themselves
    bool searches = route.pattern.find("search") != std::string::npos ||
                    route.pattern.find("get-latest-versions") != std::string::npos;
    INFO(route.method, " ", route.pattern);
    CHECK((searches || policy_of(route).role >= Role::contributor));
  }
}

#include "edge/module_plan.hpp"

#include <doctest/doctest.h>

using namespace gyre;

TEST_CASE("a first module is fetched, then run") {
  ModuleFacts facts{.has_wanted = true};
  CHECK(plan_module(facts) == ModulePlan{Which::none, Which::wanted});
  CHECK(state_of(facts, false) == "pulling");
  facts.wanted_installed = true;
  CHECK(plan_module(facts) == ModulePlan{Which::wanted, Which::none});
  CHECK(state_of(facts, false) == "starting");
  facts.has_committed = facts.wanted_is_committed = facts.committed_installed = true;
  CHECK(plan_module(facts) == ModulePlan{Which::committed, Which::none});
  CHECK(state_of(facts, true) == "running");
}

TEST_CASE("the old module runs until the new one is on the disk") {
  ModuleFacts facts{.has_wanted = true, .has_committed = true, .committed_installed = true};
  CHECK(plan_module(facts) == ModulePlan{Which::committed, Which::wanted});
  facts.wanted_installed = true;
  CHECK(plan_module(facts) == ModulePlan{Which::wanted, Which::none});
}

TEST_CASE("what is refused is not run: back to the committed one, fetched again if it is gone") {
  ModuleFacts facts{.has_wanted = true, .wanted_refused = true, .wanted_installed = true};
  CHECK(plan_module(facts) == ModulePlan{});
  CHECK(state_of(facts, false) == "failed");
  facts.has_committed = true;
  CHECK(plan_module(facts) == ModulePlan{Which::none, Which::committed});
  CHECK(state_of(facts, false) == "rolled_back");
  facts.committed_installed = true;
  CHECK(plan_module(facts) == ModulePlan{Which::committed, Which::none});
}

TEST_CASE("a module that is no longer wanted is stopped") {
  ModuleFacts facts{.has_committed = true, .committed_installed = true};
  CHECK(plan_module(facts) == ModulePlan{});
}

TEST_CASE("restarts wait longer and longer") {
  CHECK(restart_wait_ms(1) == 500);
  CHECK(restart_wait_ms(3) == 2000);
  CHECK(restart_wait_ms(100) == 60'000);
}

#include "fleet/twin.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace gyre;

static json::object object(std::string_view text) { return parse_json(text, "test").as_object(); }

TEST_CASE("a patch raises the version by one and dates every level that changed") {
  TwinSection section;
  CHECK(patch_section(section,
                      object(R"({"modules":{"bottle":{"image":"a","cpus":1}},"gather":{"camera":{"every":10}}})"), "t1",
                      "desired"));
  CHECK(section.version == 1);
  CHECK(patch_section(section, object(R"({"modules":{"bottle":{"image":"b"}}})"), "t2", "desired"));
  CHECK(section.version == 2);
  auto times = json::value(section.times);
  CHECK(times.at_pointer("/$lastUpdated") == "t2");
  CHECK(times.at_pointer("/modules/bottle/image/$lastUpdated") == "t2");
  CHECK(times.at_pointer("/modules/bottle/cpus/$lastUpdated") == "t1");
  CHECK(times.at_pointer("/gather/$lastUpdated") == "t1");
  CHECK(canonical(told(section)) ==
        R"({"$version":2,"gather":{"camera":{"every":10}},"modules":{"bottle":{"cpus":1,"image":"b"}}})");
}

TEST_CASE("a patch that changes nothing leaves the version") {
  TwinSection section;
  patch_section(section, object(R"({"a":{"b":1}})"), "t1", "desired");
  CHECK_FALSE(patch_section(section, object(R"({"a":{"b":1},"c":null})"), "t2", "desired"));
  CHECK(section.version == 1);
}

TEST_CASE("null deletes, and an object replaces what is none") {
  TwinSection section;
  patch_section(section, object(R"({"a":{"b":1,"c":2},"d":5})"), "t1", "desired");
  patch_section(section, object(R"({"a":{"b":null},"d":{"e":null}})"), "t2", "desired");
  CHECK(canonical(section.values) == R"({"a":{"c":2},"d":{}})");
  CHECK_FALSE(json::value(section.times).at("a").as_object().contains("b"));
}

TEST_CASE("limits are named with their path and leave the section as it was") {
  TwinSection section;
  patch_section(section, object(R"({"a":1})"), "t1", "desired");
  auto refused = [&](const json::object& patch) -> std::string {
    try {
      patch_section(section, patch, "t2", "desired");
    } catch (const Error& error) {
      CHECK(section.version == 1);
      CHECK(canonical(section.values) == R"({"a":1})");
      return error.text();
    }
    return "";
  };
  CHECK(refused(object(R"({"m":{"a b":1}})")).starts_with("desired.m: key \"a b\""));
  CHECK(refused(object(R"({"$version":1})")) != "");
  CHECK(refused(object(R"({"m":{"a.b":1}})")) != "");
  CHECK(refused({{"text", std::string(4097, 'x')}}) == "desired.text: a text of 4097 bytes");
  CHECK(refused({{std::string(1025, 'k'), 1}}) != "");
  CHECK(refused(object(R"({"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":{"9":{"10":{}}}}}}}}}}})")) != "");
  json::object large;
  for (int i = 0; i < 20; i++) large["k" + std::to_string(i)] = std::string(2000, 'x');
  CHECK(refused(large).find("more than 32768") != std::string::npos);
  CHECK(patch_section(section, object(R"({"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":{"9":{}}}}}}}}}})"), "t2", "desired"));
}

TEST_CASE("assignments join into one patch") {
  json::object patch;
  add_assignment(patch, "gather.camera.every=10");
  add_assignment(patch, "gather.camera.why=press 3=4");
  add_assignment(patch, "modules.bottle=null");
  CHECK(canonical(patch) == R"({"gather":{"camera":{"every":10,"why":"press 3=4"}},"modules":{"bottle":null}})");
  CHECK_THROWS_AS(add_assignment(patch, "gather"), Error);
}

TEST_CASE("a section survives being stored") {
  TwinSection section;
  patch_section(section, object(R"({"a":{"b":[1,2.5,"x"]}})"), "t1", "desired");
  auto again = section_from(parse_json(canonical(to_json(section)), "row"));
  CHECK(canonical(shown(again)) == canonical(shown(section)));
}

TEST_CASE("patch_to turns one object into another") {
  auto present = object(R"({"image":"a","rules":[1],"samples":{"per_day":4,"below":0.9}})");
  auto wanted = object(R"({"image":"b","samples":{"per_day":4},"input":"camera"})");
  json::value result = present;
  auto patch = patch_to(present, wanted);
  CHECK(canonical(patch) == R"({"image":"b","input":"camera","rules":null,"samples":{"below":null}})");
  merge_patch(result, patch);
  CHECK(canonical(result) == canonical(wanted));
  CHECK(patch_to(wanted, wanted).empty());
}

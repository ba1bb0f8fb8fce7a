#include "server/wire.hpp"

#include <doctest/doctest.h>

using namespace gyre;

TEST_CASE("percent escapes") {
  CHECK(percent_decode("a%20b%2Fc") == "a b/c");
  CHECK(percent_decode("a+b") == "a+b");
  CHECK(percent_decode("a+b", true) == "a b");
  CHECK(percent_decode("%c3%A9") == "\xc3\xa9");
  for (auto broken : {"%", "%4", "a%zz", "%00", "%+1"}) CHECK_FALSE(percent_decode(broken));
}

TEST_CASE("request targets") {
  Request request;
  REQUIRE(set_target(request, "/api/a%20b?x=1&y=&z&x=a+b%26&&"));
  CHECK(request.path == "/api/a b");
  CHECK(request.query.count("x") == 2);
  CHECK(request.query.size() == 4);
  CHECK(request.query_value("y") == "");
  CHECK(request.query.find("x")->second == "1");
  REQUIRE(set_target(request, "http://host:1/p?q=2"));
  CHECK(request.path == "/p");
  CHECK(request.query.size() == 1);
  REQUIRE(set_target(request, "http://host"));
  CHECK(request.path == "/");
  for (auto broken : {"", "api", "*", "/%", "/a?b=%"}) CHECK_FALSE(set_target(request, broken));
}

TEST_CASE("byte ranges") {
  struct Case {
    std::string_view header;
    std::uint64_t size;
    bool partial, impossible;
    std::uint64_t first, count;
  };
  for (auto& c : std::initializer_list<Case>{
           {"bytes=0-0", 10, true, false, 0, 1},
           {"bytes=2-4", 10, true, false, 2, 3},
           {"bytes=7-", 10, true, false, 7, 3},
           {"bytes=7-99", 10, true, false, 7, 3},
           {"bytes=-3", 10, true, false, 7, 3},
           {"bytes=-99", 10, true, false, 0, 10},
           {"bytes=10-", 10, true, true, 0, 0},
           {"bytes=-0", 10, true, true, 10, 0},
           {"bytes=0-", 0, true, true, 0, 0},
           {"bytes=4-2", 10, false, false, 0, 10},
           {"bytes=-", 10, false, false, 0, 10},
           {"bytes=a-b", 10, false, false, 0, 10},
           {"bytes=1-2,4-5", 10, false, false, 0, 10},
           {"bytes=1--2", 10, false, false, 0, 10},
           {"bytes=99999999999999999999999-", 10, false, false, 0, 10},
           {"lines=1-2", 10, false, false, 0, 10},
       }) {
    CAPTURE(c.header);
    auto answer = byte_range(c.header, c.size);
    CHECK(answer.partial == c.partial);
    CHECK(answer.impossible == c.impossible);
    CHECK(answer.range.count == c.count);
    if (!c.impossible) CHECK(answer.range.first == c.first);
  }
}

TEST_CASE("a header's value cannot write another header") {
  Response response{.headers = {{"X-Name", "a\r\nSet-Cookie: b"}}};
  auto head = response_head(response, 0, true);
  CHECK(head.find("\r\nSet-Cookie") == std::string::npos);
  CHECK(head.find("Content-Length: 0\r\n") != std::string::npos);
  CHECK(response_head({.status = 204}, 0, true).find("Content-Length") == std::string::npos);
}

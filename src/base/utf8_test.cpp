#include "base/utf8.hpp"

#include <doctest/doctest.h>

using namespace gyre;

TEST_CASE("what is no UTF-8 is replaced, and nothing else") {
  for (auto text :
       {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
    CHECK(valid_utf8(text) == text);
  const std::string instead = "\xef\xbf\xbd";
  CHECK(valid_utf8("a\xff"
                   "b") == "a" + instead + "b");
  CHECK(valid_utf8("\xc3") == instead);                                            // cut off
  CHECK(valid_utf8("\xc0\xaf") == instead + instead);                              // longer than it need be
  CHECK(valid_utf8("\xed\xa0\x80") == instead + instead + instead);                // half of a pair
  CHECK(valid_utf8("\xf4\x90\x80\x80") == instead + instead + instead + instead);  // beyond Unicode
  CHECK(valid_utf8("\xe2\x82!") == instead + instead + "!");
}

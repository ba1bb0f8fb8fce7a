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

TEST_CASE("what is no UTF-8 is taken for Windows-1252") {
  CHECK(utf8_from_windows("Jos\xe9 \x80 \xfe\x9d") == "Jos\xc3\xa9 \xe2\x82\xac \xc3\xbe\xc2\x9d");
  CHECK(utf8_from_windows("\xc3\xa9\xe9") == "\xc3\xa9\xc3\xa9");  // a text of two origins
  for (std::string before : {"", "1234567", "12345678", "12345678123"}) {
    CHECK(is_utf8(before + "\xe2\x82\xac" + before));
    CHECK(!is_utf8(before + "\xe9" + before));
    CHECK(!is_utf8(before + "\xe2\x82"));
    CHECK(is_utf8(utf8_from_windows(before + "\xe2\x82" + before)));
  }
}

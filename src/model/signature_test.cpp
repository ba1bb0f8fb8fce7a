#include "model/signature.hpp"

#include <doctest/doctest.h>

#include "base/compress.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"

using namespace gyre;

TEST_CASE("a signature reads back as it was written") {
  Signature signature{.takes = "series",
                      .rate = 10,
                      .samples = 64,
                      .columns = {"flow", "pressure"},
                      .task = "anomaly",
                      .labels = {},
                      .threshold = 0.1,
                      .unit = "",
                      .about = "a pump"};
  auto read = signature_from(parse_json(canonical(to_json(signature)), "test"));
  CHECK(read.columns == signature.columns);
  CHECK(read.threshold == 0.1);
  CHECK(canonical(to_json(read)) == canonical(to_json(signature)));
}

TEST_CASE("a signature that cannot be is refused") {
  auto refused = [](const char* text) {
    try {
      signature_from(parse_json(text, "test"));
    } catch (const Error& error) {
      return error.text();
    }
    return std::string("taken");
  };
  CHECK(refused("[]") == "signature: must be a JSON object");
  CHECK(refused(R"({"takes":"smell","task":"classify"})") ==
        "signature: \"takes\" is \"smell\", none of: image, sound, series, table, tensors");
  CHECK(refused(R"({"takes":"image","task":"classify"})") == "signature: a model that classifies needs \"labels\"");
  CHECK(refused(R"({"takes":"image","task":"classify","labels":["a","a"]})") ==
        "signature: \"labels\" has \"a\" twice");
  CHECK(refused(R"({"takes":"image","task":"classify","labels":[1]})") ==
        "signature: \"labels\" must be a list of texts");
  CHECK(refused(R"({"takes":"sound","task":"anomaly"})") ==
        "signature: a model that takes a sound needs \"rate\" and \"samples\"");
  CHECK(refused(R"({"takes":"sound","task":"anomaly","rate":-1})") == "signature: \"rate\" must be from 0 to 10000000");
}

TEST_CASE("golden answers read back bit for bit") {
  float values[] = {1, -0.0f, 1e-45f, __builtin_nanf("")};
  Tensor texts = Tensor::zeros(DataType::text, {2});
  texts.texts = {"a", ""};
  std::vector<Golden> golden{{{Tensor::floats({2, 2}, values), texts}, {Tensor::zeros(DataType::u8, {0, 3})}},
                             {{}, {}}};
  auto packed = pack_golden(golden);
  CHECK(packed == pack_golden(golden));
  auto read = unpack_golden(packed);
  REQUIRE(read.size() == 2);
  CHECK(read[0].inputs[0].bytes == golden[0].inputs[0].bytes);
  CHECK(read[0].inputs[1].texts == texts.texts);
  CHECK(read[0].outputs[0].shape == std::vector<std::int64_t>{0, 3});
}

TEST_CASE("damaged golden answers are refused, whatever is cut off") {
  float values[] = {1, 2, 3};
  auto bytes = inflate_bytes(from_base64(pack_golden({{{Tensor::floats({3}, values)}, {}}})), 1 << 20);
  for (std::size_t size = 0; size < bytes.size(); size++)
    CHECK_THROWS_AS(unpack_golden(base64(deflate_bytes(bytes.substr(0, size)))), Error);
  CHECK_THROWS_AS(unpack_golden(base64(deflate_bytes(bytes + "x"))), Error);
  CHECK_THROWS_AS(unpack_golden(base64("not zlib")), Error);
  CHECK_THROWS_AS(unpack_golden("*"), Error);
}

TEST_CASE("what is compressed reads back; damage and bombs are refused") {
  std::string text(100000, 'x');
  auto packed = deflate_bytes(text);
  CHECK(packed.size() < 1000);
  CHECK(inflate_bytes(packed, 100001) == text);
  CHECK_THROWS_AS(inflate_bytes(packed, 50000), Error);
  CHECK_THROWS_AS(inflate_bytes(packed.substr(0, packed.size() - 3), 1 << 20), Error);
  CHECK(inflate_bytes(deflate_bytes(""), 10).empty());
}

#include "serve/config_text.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "serve/model_folder.hpp"
#include "serve/testing.hpp"

namespace gyre::testing {

static constexpr std::string_view text = R"(# as Triton's users write it
name: "m"
max_batch_size: 8
input [ { name: "x", data_type: TYPE_FP32, dims: [ 3 ] } ]
dynamic_batching {
  preferred_batch_size: [ 4, 8 ]
  max_queue_delay_microseconds: 100
  priority_levels: 2 default_priority_level: 2
  priority_queue_policy { key: 1 value: { timeout_action: DELAY max_queue_size: 7 } }
}
instance_group [ { kind: KIND_CPU count: 2 }, { count: 1 } ]
parameters { key: "latency_target_ms" value: { string_value: "20" } }
model_warmup { name: 'w' batch_size: 1 inputs { key: "x" value { zero_data: true dims: 3 } } }
version_policy: { specific { versions: 1 versions: 3 } }
)";

TEST_CASE("config.pbtxt: Triton's text form says what its JSON says") {
  auto config = config_from(parse_config_text(text, "config.pbtxt"), "m");
  CHECK(config.max_batch == 8);
  CHECK(config.batching == Batching::fixed);
  CHECK(config.preferred == std::vector<std::size_t>{4, 8});
  CHECK(config.delay_us == 100);
  CHECK(config.level_policies.at(1).delay_late);
  CHECK(config.level_policies.at(1).most == 7);
  CHECK(config.instances == 3);
  CHECK(config.latency_target_ms == 20);
  CHECK(config.warm_up.at(0).shapes.at("x") == std::vector<std::int64_t>{3});
  CHECK(config.versions.specific == std::vector<std::int64_t>{1, 3});
  auto error_of = [](std::string_view bad) {
    try {
      parse_config_text(bad, "config.pbtxt");
    } catch (const Error& error) {
      return error.text();
    }
    return std::string();
  };
  CHECK(error_of("name: \"m\nx: 1") == "config.pbtxt:1: a quote is not closed");
  CHECK(error_of("\na: 1\na: 2") == "config.pbtxt:3: a is there twice");
  CHECK(error_of("a [ 1") == "config.pbtxt:1: a list is not closed");
  CHECK(error_of(std::string(100, '{')).find("config.pbtxt:1: ") == 0);
}

TEST_CASE("config.pbtxt: a repository of Triton's layout is served as it is") {
  TemporaryFolder folder;
  make_folders(folder.path() / "m" / "1");
  write_file(folder.path() / "m" / "1" / "model.onnx", doubling_model());
  write_file(folder.path() / "m" / "config.pbtxt", "max_batch_size: 2\n");
  auto files = model_folder(folder.path() / "m");
  REQUIRE(files);
  Repository repository([&](const std::string&) { return files; }, [] { return std::vector<std::string>{}; });
  repository.load("m");
  CHECK(repository.get("m", "")->config().max_batch == 2);
}

}  // namespace gyre::testing

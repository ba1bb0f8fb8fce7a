#include "track/testing.hpp"

using namespace gyre;
using namespace gyre::testing;

TEST_CASE("records of an evaluation data set are known by their inputs") {
  Place place;
  std::string api = "/api/3.0/mlflow/datasets/";
  auto made =
      place.good("POST", api + "create", {{"name", "answers"}, {"experiment_ids", {"0"}}, {"tags", "{\"a\":1}"}})
          .at("dataset");
  std::string one = api + get_string(made, "dataset_id");
  CHECK(get_string(made, "tags") == "{\"a\":\"1\"}");
  CHECK(!made.as_object().contains("schema"));
  auto put = [&](const std::string& records) {
    auto counts = place.good("POST", one + "/records", {{"records", records}});
    return get_int(counts, "inserted_count") * 10 + get_int(counts, "updated_count");
  };
  CHECK(put(R"([{"inputs":{"q":"a","n":1},"expectations":{"x":1}},{"inputs":{"q":"b"},"outputs":"text"}])") == 20);
  CHECK(put(R"([{"inputs":{"n":1,"q":"a"},"expectations":{"y":2},"tags":{"mlflow.user":"ann"}}])") == 1);
  CHECK(put("[{}]") == 10);
  auto now = place.good("GET", one).at("dataset");
  CHECK(
      get_string(now, "schema") ==
      R"({"expectations":{"x":"integer","y":"integer"},"inputs":{"n":"integer","q":"string"},"outputs":"string","version":"1.0"})");
  CHECK(get_string(now, "profile") == R"({"num_records":3})");
  CHECK(get_string(now, "digest").size() == 8);
  auto page = place.good("GET", one + "/records", nullptr, {{"max_results", "2"}});
  auto records = parse_json(get_string(page, "records"), "records").as_array();
  REQUIRE(records.size() == 2);
  CHECK(json::serialize(records[0].at("expectations")) == R"({"x":1,"y":2})");
  CHECK(records[0].at("last_updated_by") == "ann");
  CHECK(records[1].at("outputs") == "text");
  auto rest = place.good("GET", one + "/records", nullptr, {{"page_token", get_string(page, "next_page_token")}});
  CHECK(parse_json(get_string(rest, "records"), "records").as_array().size() == 1);
  CHECK(!rest.as_object().contains("next_page_token"));
  for (auto bad : {"{}", "[1]", "[{\"inputs\":1}]", "[{\"tags\":[]}]", "["})
    CHECK(place.ask("POST", one + "/records", {{"records", bad}}).status == 400);
  CHECK(place.count("evaluation_record") == 3);
  place.good("DELETE", one);
  CHECK(place.count("evaluation_record") == 0);
  CHECK(error_of(place.ask("GET", one)) == "RESOURCE_DOES_NOT_EXIST");
  place.good("DELETE", one);  // as MLflow: gone is gone
}

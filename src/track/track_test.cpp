#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <thread>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sqlite.hpp"
#include "track/filter.hpp"
#include "track/lineage.hpp"
#include "track/mlflow.hpp"
#include "track/recorder.hpp"
#include "track/registry.hpp"
#include "track/registry_routes.hpp"
#include "track/search.hpp"
#include "track/search_subjects.hpp"

#include "track/testing.hpp"

using namespace gyre;
using namespace gyre::testing;

TEST_CASE("experiments in MLflow's form") {
  Place place;
  auto made = place.mlflow("/experiments/create", {{"name", "line"}, {"tags", {{{"key", "a"}, {"value", "b"}}}}});
  CHECK(get_string(made, "experiment_id") == "1");
  auto twice = place.ask("POST", "/api/2.0/mlflow/experiments/create", {{"name", "line"}});
  CHECK(twice.status == 400);
  CHECK(error_of(twice) == "RESOURCE_ALREADY_EXISTS");
  auto by_name = place.good("GET", "/api/2.0/mlflow/experiments/get-by-name", nullptr, {{"experiment_name", "line"}})
                     .at("experiment");
  CHECK(get_string(by_name, "artifact_location") == "mlflow-artifacts:/1");
  CHECK(by_name.at("tags").at(0).at("value") == "b");
  CHECK(error_of(place.ask("GET", "/api/2.0/mlflow/experiments/get-by-name", nullptr, {{"experiment_name", "x"}})) ==
        "RESOURCE_DOES_NOT_EXIST");
  CHECK(place.mlflow("/experiments/search", {{"filter", "name LIKE 'li%'"}}).at("experiments").as_array().size() == 1);
  place.mlflow("/experiments/delete", {{"experiment_id", "1"}});
  CHECK(place.mlflow("/experiments/search", json::object()).at("experiments").as_array().size() == 1);
  CHECK(place.ask("POST", "/api/2.0/mlflow/runs/create", {{"experiment_id", "1"}}).status == 400);
  place.mlflow("/experiments/restore", {{"experiment_id", 1}});
  CHECK(place.mlflow("/experiments/search", json::object()).at("experiments").as_array().size() == 2);
}

TEST_CASE("a run and what is logged to it") {
  Place place;
  std::string run = place.new_run("first");
  for (int step : {0, 2, 1})
    place.mlflow("/runs/log-metric",
                 {{"run_id", run}, {"key", "loss"}, {"value", 3 - step}, {"timestamp", 5}, {"step", step}});
  place.mlflow("/runs/log-metric",
               {{"run_id", run}, {"key", "loss"}, {"value", 1}, {"timestamp", 5}, {"step", 2}});  // sent again
  place.mlflow("/runs/log-metric", {{"run_uuid", run}, {"key", "odd"}, {"value", "NaN"}, {"timestamp", "7"}});
  place.mlflow("/runs/log-parameter", {{"run_id", run}, {"key", "rate"}, {"value", "0.1"}});
  place.mlflow("/runs/set-tag", {{"run_id", run}, {"key", "kind"}, {"value", "test"}});
  place.mlflow("/runs/update", {{"run_id", run}, {"status", "FINISHED"}, {"end_time", 2000}});
  auto got = place.good("GET", "/api/2.0/mlflow/runs/get", nullptr, {{"run_id", run}}).at("run");
  CHECK(got.at("info").at("status") == "FINISHED");
  CHECK(got.at("info").at("run_name") == "first");
  CHECK(get_int(got.at("info"), "end_time") == 2000);
  auto& metrics = got.at("data").at("metrics").as_array();
  REQUIRE(metrics.size() == 2);
  CHECK(get_number(metrics[0], "value") == 1);
  CHECK(get_int(metrics[0], "step") == 2);
  CHECK(metrics[1].at("value") == "NaN");
  CHECK(got.at("data").at("params").at(0).at("value") == "0.1");
  auto history =
      place.good("GET", "/api/2.0/mlflow/metrics/get-history", nullptr, {{"run_id", run}, {"metric_key", "loss"}})
          .at("metrics")
          .as_array();
  REQUIRE(history.size() == 3);
  CHECK(get_number(history[1], "value") == 2);
  auto page = place.good("GET", "/api/2.0/mlflow/metrics/get-history", nullptr,
                         {{"run_id", run}, {"metric_key", "loss"}, {"max_results", "2"}});
  CHECK(page.at("metrics").as_array().size() == 2);
  CHECK(page.at("next_page_token") == "2");

  auto other =
      place.ask("POST", "/api/2.0/mlflow/runs/log-parameter", {{"run_id", run}, {"key", "rate"}, {"value", "0.2"}});
  CHECK(other.status == 400);
  CHECK(error_of(other) == "INVALID_PARAMETER_VALUE");
  for (auto& bad : std::initializer_list<json::value>{{{"run_id", run}, {"key", "x"}},
                                                      {{"run_id", run}, {"key", "x"}, {"value", "no number"}},
                                                      {{"run_id", run}, {"key", "../x"}, {"value", 1}},
                                                      {{"run_id", run}, {"key", "x"}, {"value", 1}, {"step", 1.5}},
                                                      {{"run_id", run}, {"value", 1}}})
    CHECK(place.ask("POST", "/api/2.0/mlflow/runs/log-metric", bad).status == 400);
  CHECK(place
            .ask("POST", "/api/2.0/mlflow/runs/log-metric",
                 {{"run_id", "f00"}, {"key", "x"}, {"value", 1}, {"timestamp", 1}})
            .status == 404);
  place.mlflow("/runs/delete", {{"run_id", run}});
  CHECK(place
            .ask("POST", "/api/2.0/mlflow/runs/log-metric",
                 {{"run_id", run}, {"key", "x"}, {"value", 1}, {"timestamp", 1}})
            .status == 400);
  place.mlflow("/runs/restore", {{"run_id", run}});
  place.mlflow("/runs/log-metric", {{"run_id", run}, {"key", "x"}, {"value", 1}, {"timestamp", 1}});
}

TEST_CASE("a batch is logged whole or not at all") {
  Place place;
  std::string run = place.new_run();
  json::value bad{{"run_id", run},
                  {"metrics", {{{"key", "a"}, {"value", 1}, {"timestamp", 1}}}},
                  {"params", {{{"key", "p"}, {"value", "1"}}, {{"key", "p"}, {"value", "2"}}}}};
  CHECK(place.ask("POST", "/api/2.0/mlflow/runs/log-batch", bad).status == 400);
  CHECK(place.count("metric_log") == 0);
  CHECK(place.count("param") == 0);
  json::array many;
  for (int i = 0; i < 1001; i++) many.push_back({{"key", "a"}, {"value", i}, {"timestamp", i}, {"step", i}});
  CHECK(place.ask("POST", "/api/2.0/mlflow/runs/log-batch", {{"run_id", run}, {"metrics", many}}).status == 400);
  many.pop_back();
  place.mlflow("/runs/log-batch", {{"run_id", run}, {"metrics", many}});
  CHECK(history_of(place.workspace, run, "a").size() == 1000);
}

TEST_CASE("writers at the same time share commits, and one's error is its own") {
  Place place;
  std::string run = place.new_run();
  std::vector<std::thread> threads;
  std::atomic<int> refused = 0;
  for (int thread = 0; thread < 8; thread++)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 25; i++) {
        Point point{i % 5 == 4 ? "../bad" : "good", 1.0 * i, thread, i};
        try {
          log_batch(place.workspace, run, {{"before", 0, thread, i}, point}, {}, {});
        } catch (const Error&) {
          refused++;
        }
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(refused == 40);
  CHECK(place.count("metric_log") == 160);
  CHECK(history_of(place.workspace, run, "good").size() == 160);
  settle_points(place.workspace);
  CHECK(place.count("metric_log") == 1);
  CHECK(history_of(place.workspace, run, "before").size() == 160);
  CHECK(last_points(place.workspace, 1).size() == 2);
}

TEST_CASE("a metric that was answered survives kill -9") {
  TemporaryFolder folder;
  fs::path root = Workspace::init(folder.path());
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  pid_t child = ::fork();
  if (child == 0) {
    Workspace workspace(root);
    std::string run = create_run(workspace, {.experiment = 0, .name = "killed"}).id;
    for (int step = 0;; step++) {
      log_batch(workspace, run, {{"loss", 1.0, 1, step}}, {}, {});
      if (::write(pipe[1], &step, sizeof step) < 0) ::_exit(1);
    }
  }
  ::close(pipe[1]);
  int answered = -1;
  while (answered < 50) REQUIRE(::read(pipe[0], &answered, sizeof answered) == sizeof answered);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (int step; ::read(pipe[0], &step, sizeof step) == sizeof step;) answered = step;
  ::close(pipe[0]);
  Workspace workspace(root);
  auto runs = search_runs(workspace, {0}, {}).found;
  REQUIRE(runs.size() == 1);
  auto history = history_of(workspace, runs[0].id, "loss");
  CHECK(history.size() >= static_cast<std::size_t>(answered + 1));
  CHECK(history.back().step == static_cast<std::int64_t>(history.size()) - 1);
}

TEST_CASE("a search by a tag uses the index of tags, whose condition it repeats") {
  Place place;
  if (!dynamic_cast<Sqlite*>(&place.workspace.rows())) return;  // PostgreSQL tells its plans otherwise
  SqlText sql{.text = "EXPLAIN QUERY PLAN SELECT number FROM run WHERE 1 = 1"};
  for (auto& clause : parse_filter("tags.kind = 'a'")) add_clause(sql, run_subject(), clause);
  std::string plan;
  for (auto& row : place.workspace.rows().query(sql.text, sql.values)) plan += get_string(row, "detail") + "; ";
  CAPTURE(plan);
  CHECK(plan.find("run_tag_by_value") != std::string::npos);
}

TEST_CASE("runs are found by what was logged") {
  Place place;
  for (int i = 0; i < 6; i++) {
    auto run = create_run(place.workspace, {.experiment = 0,
                                            .name = "run" + std::to_string(i),
                                            .started_at = 100 + i,
                                            .params = {{"model", i % 2 ? "small" : "Large"}},
                                            .tags = {{"my tag", "v" + std::to_string(i)},
                                                     {i % 3 ? "mlflow.user" : "who", "me" + std::to_string(i)}}});
    if (i) log_batch(place.workspace, run.id, {{"loss", i == 5 ? std::nan("") : 0.1 * i, 1, 1}}, {}, {});
    if (i == 3) update_run(place.workspace, run.id, {.status = "FAILED"}, "test");
  }
  auto names = [&](const std::string& filter, std::vector<std::string> order = {}) {
    std::string all;
    for (auto& run : search_runs(place.workspace, {0}, {.filter = filter, .order_by = std::move(order)}).found)
      all += run.name.back();
    return all;
  };
  CHECK(names("") == "543210");
  CHECK(names("metrics.loss < 0.35 and metrics.loss>0.1") == "32");
  CHECK(names("params.model = 'small' AND metrics.loss >= 0") == "31");
  CHECK(names("params.model LIKE 'l%'") == "");
  CHECK(names("params.model ILIKE 'l%'") == "420");
  CHECK(names("tags.\"my tag\" LIKE 'v%' and metrics.none > 0") == "");
  CHECK(names("tags.`my tag` != 'v4' and status = 'FAILED'") == "3");
  CHECK(names("tags.`my tag` IS NOT NULL and tags.who IS NULL") == "5421");
  // Those that no index knows:
  CHECK(names("tags.`mlflow.user` IS NULL") == "30");
  CHECK(names("tags.mlflow.user IS NOT NULL and tags.`mlflow.runName` != 'run4'") == "521");
  CHECK(names("tags.mlflow.user LIKE 'me%' and tags.`mlflow.user` = 'me2'") == "2");
  CHECK(names("attributes.start_time >= 104") == "54");
  CHECK(names("run_name != 'run0' and attribute.status='RUNNING'") == "5421");
  CHECK(names("", {"metrics.loss DESC"}) == "432150");
  CHECK(names("", {"metrics.loss ASC"}) == "123450");
  CHECK(names("", {"params.model", "start_time ASC"}) == "024135");
  for (auto bad : {"loss < 1", "metrics.loss <", "metrics.loss ~ 1", "metrics.loss < 'a'", "params.model = 3",
                   "metrics.loss < 1 or 1", "tags.\"x = 'a'", "models.x = 1", "params.model IN ()", "' OR 1=1 --"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(names(bad), Error);
  }
  CHECK_THROWS_AS(names("", {"metrics.loss SIDEWAYS"}), Error);
  auto first = search_runs(place.workspace, {0}, {.limit = 4});
  CHECK(first.found.size() == 4);
  auto second = search_runs(place.workspace, {0}, {.limit = 4, .page_token = first.next});
  CHECK(second.found.size() == 2);
  CHECK(second.next.empty());
}

TEST_CASE("the same content is the same version; aliases and references") {
  Place place;
  std::string one = place.workspace.blobs().put_bytes("one"), two = place.workspace.blobs().put_bytes("two");
  auto first =
      register_version(place.workspace, "bottle", one, {{"run", "r1"}, {"data", {"sha256:d"}}}, {{"accuracy", 0.9}});
  CHECK(first.version == 1);
  CHECK(register_version(place.workspace, "bottle", one).version == 1);
  CHECK(register_version(place.workspace, "bottle", two).version == 2);
  CHECK(get_version(place.workspace, "bottle").version == 2);
  CHECK(get_version(place.workspace, "bottle@1").digest == one);
  set_alias(place.workspace, "bottle", "champion", 1);
  CHECK(get_version(place.workspace, "bottle@champion").version == 1);
  set_alias(place.workspace, "bottle", "champion", 2);
  CHECK(get_version(place.workspace, "bottle@champion").version == 2);
  CHECK_FALSE(find_version(place.workspace, "bottle@9"));
  try {
    get_version(place.workspace, "bottle@9");
    FAIL("found");
  } catch (const Error& error) {
    CHECK(error.hint == "bottle has the versions 2 (champion), 1");
  }
  CHECK_THROWS_AS(register_version(place.workspace, "bottle", "sha256:" + std::string(64, '0')), Error);
  for (auto bad : {"3", "latest", "", "a/b", "a@b"})
    CHECK_THROWS_AS(set_alias(place.workspace, "bottle", bad, 1), Error);
  CHECK_THROWS_AS(register_version(place.workspace, "a@b", one), Error);
  attach_result(place.workspace, "bottle", 1, "data", {{"accuracy", 0.97}});
  attach_result(place.workspace, "bottle", 1, "device", {{"p50_ms", 3}});
  CHECK(results_of(place.workspace, "bottle", 1).size() == 2);
  CHECK(results_of(place.workspace, "bottle", 1)[0].at("kind") == "device");
}

TEST_CASE("the registry's routes") {
  Place place;
  RouteTable checked;
  checked.mount(registry_routes(place.workspace, [](const fs::path& file) -> json::object {
    if (read_file(file) != "model") throw Error(Code::invalid, "this is no model");
    return {{"task", "classify"}};
  }));
  auto ask = [&](const std::string& method, const std::string& path, const json::value& body = json::object()) {
    Request request{.method = method, .path = path, .body = json::serialize(body), .who = "ann"};
    return checked.handle(request);
  };
  std::string bad = place.workspace.blobs().put_bytes("text"), good = place.workspace.blobs().put_bytes("model");
  CHECK(ask("POST", "/api/models/bottle/versions", {{"digest", bad}}).status == 400);
  CHECK(place.count("model") == 0);
  auto made =
      parse_json(ask("POST", "/api/models/bottle/versions", {{"digest", good}, {"alias", "champion"}}).body, "answer");
  CHECK(get_int(made, "version") == 1);
  CHECK(made.at("lineage").at("signature").at("task") == "classify");
  CHECK(made.at("aliases").at(0) == "champion");
  CHECK(
      ask("POST", "/api/models/bottle/versions/champion/results", {{"kind", "data"}, {"result", {{"n", 1}}}}).status ==
      200);
  auto version = parse_json(ask("GET", "/api/models/bottle/versions/1").body, "answer");
  CHECK(version.at("results").at(0).at("result").at("n") == 1);
  CHECK(version.at("who") == "ann");
  CHECK(ask("GET", "/api/models/bottle/versions/1/file").file == place.workspace.blobs().path(good));
  std::string card = ask("GET", "/api/models/bottle/versions/champion/card").body;
  for (auto part :
       {"# bottle@1\n", "| aliases | champion |", "by ann |", "| task | classify |", "## Found out: data", "| n | 1 |"})
    CHECK_MESSAGE(card.find(part) != std::string::npos, part, " is not in ", card);
  CHECK(ask("PUT", "/api/models/bottle/aliases/old", {{"version", 1}}).status == 200);
  CHECK(ask("DELETE", "/api/models/bottle/aliases/old").status == 200);
  CHECK(ask("DELETE", "/api/models/bottle/aliases/old").status == 404);
  CHECK(ask("GET", "/api/models/none").status == 404);
  auto models = parse_json(ask("GET", "/api/models").body, "answer").at("models").as_array();
  REQUIRE(models.size() == 1);
  CHECK(get_int(models[0], "newest") == 1);
  CHECK(place.count("audit") >= 4);
}

TEST_CASE("models in MLflow's form") {
  Place place;
  place.mlflow("/registered-models/create", {{"name", "m"}, {"description", "d"}});
  CHECK(error_of(place.ask("POST", "/api/2.0/mlflow/registered-models/create", {{"name", "m"}})) ==
        "RESOURCE_ALREADY_EXISTS");
  for (int i = 1; i <= 3; i++) {
    auto version = place
                       .mlflow("/model-versions/create",
                               {{"name", "m"}, {"source", "s3://b/" + std::to_string(i)}, {"run_id", "r"}})
                       .at("model_version");
    CHECK(get_string(version, "version") == std::to_string(i));
  }
  place.mlflow("/model-versions/transition-stage", {{"name", "m"}, {"version", "1"}, {"stage", "production"}});
  place.mlflow("/model-versions/transition-stage",
               {{"name", "m"}, {"version", "2"}, {"stage", "Production"}, {"archive_existing_versions", true}});
  place.mlflow("/model-versions/set-tag", {{"name", "m"}, {"version", "2"}, {"key", "k"}, {"value", "v"}});
  place.mlflow("/registered-models/alias", {{"name", "m"}, {"version", "2"}, {"alias", "champion"}});
  auto version =
      place.good("GET", "/api/2.0/mlflow/registered-models/alias", nullptr, {{"name", "m"}, {"alias", "champion"}})
          .at("model_version");
  CHECK(version.at("version") == "2");
  CHECK(version.at("current_stage") == "Production");
  CHECK(version.at("tags").at(0).at("value") == "v");
  CHECK(place
            .good("GET", "/api/2.0/mlflow/registered-models/search", nullptr,
                  {{"filter", "name LIKE 'm%' AND tags.`mlflow.prompt.is_prompt` != 'true'"}})
            .at("registered_models")
            .as_array()
            .size() == 1);
  CHECK(place.good("GET", "/api/2.0/mlflow/model-versions/get", nullptr, {{"name", "m"}, {"version", "1"}})
            .at("model_version")
            .at("current_stage") == "Archived");
  CHECK(place.good("GET", "/api/2.0/mlflow/model-versions/search", nullptr, {{"filter", "name='m' and tags.k = 'v'"}})
            .at("model_versions")
            .as_array()
            .size() == 1);
  auto model =
      place.good("GET", "/api/2.0/mlflow/registered-models/get", nullptr, {{"name", "m"}}).at("registered_model");
  CHECK(model.at("latest_versions").as_array().size() == 3);
  CHECK(place.good("POST", "/api/2.0/mlflow/registered-models/rename", {{"name", "m"}, {"new_name", "n"}})
            .at("registered_model")
            .at("aliases")
            .as_array()
            .size() == 1);
  place.good("DELETE", "/api/2.0/mlflow/model-versions/delete", {{"name", "n"}, {"version", "3"}});
  CHECK(place.mlflow("/model-versions/create", {{"name", "n"}, {"source", "s3://b/x"}})
            .at("model_version")
            .at("version") == "4");
  place.good("DELETE", "/api/2.0/mlflow/registered-models/delete", {{"name", "n"}});
  CHECK(place.count("model_version") == 0);
}

TEST_CASE("artifacts are kept by path and listed by folder") {
  Place place;
  std::string run = place.new_run(), root = "/api/2.0/mlflow-artifacts/artifacts/0/" + run + "/artifacts";
  auto put = [&](const std::string& path, const std::string& bytes) {
    write_file(place.folder.path() / "body", bytes);
    Request request{.method = "PUT", .path = root + path, .body_file = place.folder.path() / "body"};
    return place.routes.handle(request).status;
  };
  CHECK(put("/a/one.txt", "1") == 200);
  CHECK(put("/a/b/two.txt", "22") == 200);
  CHECK(put("/a.txt", "333") == 200);
  CHECK(put("/a/../x", "") == 400);
  CHECK(read_file(*place.ask("GET", root + "/a/b/two.txt").file) == "22");
  CHECK(place.ask("GET", root + "/a").status == 404);
  auto top = place.good("GET", "/api/2.0/mlflow/artifacts/list", nullptr, {{"run_id", run}}).at("files").as_array();
  REQUIRE(top.size() == 2);
  CHECK(top[0].at("is_dir") == true);
  CHECK(get_int(top[1], "file_size") == 3);
  auto below = place.good("GET", "/api/2.0/mlflow/artifacts/list", nullptr, {{"run_id", run}, {"path", "a"}})
                   .at("files")
                   .as_array();
  REQUIRE(below.size() == 2);
  CHECK(below[0].at("path") == "a/b");
  CHECK(place.ask("DELETE", root + "/a").status == 200);
  CHECK(place.good("GET", "/api/2.0/mlflow/artifacts/list", nullptr, {{"run_id", run}}).at("files").as_array().size() ==
        1);
}

TEST_CASE("steps become runs, and lineage goes both ways") {
  Place place;
  std::string run = run_id_of("p1", "train"), file = place.workspace.blobs().put_bytes("model");
  CHECK(run.size() == 32);
  {
    StepRecorder recorder(place.workspace);
    StepStart start{.run = run,
                    .experiment = "loop",
                    .name = "train",
                    .options = {{"rate", 0.1}, {"net", {{"depth", 3}}}},
                    .inputs = {{"images", "sha256:data"}}};
    recorder.started(start);
    for (int i = 0; i < 500; i++) recorder.metric(run, "loss", 1.0 / (i + 1), i);
    recorder.started(start);  // cut off, started again
    recorder.ended(run, true, {{"model", file}});
  }
  auto shown = place.good("GET", "/api/runs/" + run.substr(0, 8));
  CHECK(shown.at("status") == "FINISHED");
  CHECK(shown.at("experiment") == "loop");
  CHECK(shown.at("params").at("net.depth") == "3");
  CHECK(shown.at("histories").at("loss").as_array().size() == 500);
  register_version(place.workspace, "bottle", file, {{"run", run}});
  add_edge(place.workspace, {"model", "bottle@1"}, {"image", "sha256:image"}, "packaged");
  add_edge(place.workspace, {"model", "bottle@1"}, {"image", "sha256:image"}, "packaged");
  auto lineage = place.good("GET", "/api/lineage/model/bottle@1");
  REQUIRE(lineage.at("sources").as_array().size() == 2);
  CHECK(lineage.at("sources").at(1).at("from").at("id") == "sha256:data");
  CHECK(lineage.at("results").as_array().size() == 1);
  CHECK(place.good("GET", "/api/lineage/data/sha256:data").at("results").as_array().size() == 4);
  CHECK(place.ask("GET", "/api/lineage/model/none@1").status == 404);
  CHECK(place.good("GET", "/api/runs", nullptr, {{"experiment", "loop"}}).at("runs").as_array().size() == 1);
}

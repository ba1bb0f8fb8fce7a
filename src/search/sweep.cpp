#include "search/sweep.hpp"

#include <random>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "flow/local_files.hpp"
#include "search/sweep_run.hpp"
#include "track/runs.hpp"

namespace gyre {

json::object to_json(const Trial& trial) {
  json::object object{{"number", static_cast<std::int64_t>(trial.number)},
                      {"point", json::value_from(trial.point)},
                      {"options", trial.options},
                      {"pipeline_run", trial.pipeline_run},
                      {"run", trial.run},
                      {"state", trial.state},
                      {"outputs", trial.outputs},
                      {"reports", static_cast<std::int64_t>(trial.reports)},
                      {"seconds", trial.seconds}};
  if (trial.value) object["value"] = *trial.value;
  if (!trial.why.empty()) object["why"] = trial.why;
  return object;
}

Trial trial_from(const json::value& value) {
  return {.number = static_cast<std::size_t>(get_int(value, "number")),
          .point = json::value_to<std::vector<double>>(value.at("point")),
          .options = value.at("options").as_object(),
          .pipeline_run = get_string(value, "pipeline_run"),
          .run = get_string(value, "run"),
          .state = get_string(value, "state"),
          .value = find_number(value, "value"),
          .outputs = value.at("outputs").as_object(),
          .reports = static_cast<std::size_t>(get_int(value, "reports")),
          .seconds = get_number(value, "seconds"),
          .why = string_or(value, "why", "")};
}

struct Sweeps::Body {
  Workspace& workspace;
  Engine& engine;
  std::map<std::string, std::unique_ptr<SweepRun>> running;
  std::mutex mutex;  // guards running

  void take_up(const json::object& row, bool attach) {
    std::string id = get_string(row, "id");
    auto run = std::make_unique<SweepRun>(workspace, engine, id, row, attach);
    run->start();
    std::lock_guard lock(mutex);
    running[id] = std::move(run);
  }
  SweepRun* find_running(const std::string& id) {
    std::lock_guard lock(mutex);
    auto it = running.find(id);
    return it == running.end() ? nullptr : it->second.get();
  }
};

Sweeps::Sweeps(Workspace& workspace, Engine& engine) : body_(new Body{workspace, engine, {}, {}}) {}
Sweeps::~Sweeps() = default;

static std::string parent_run_of(Workspace& workspace, const SweepSpec& spec) {
  auto experiment = find_experiment(workspace, spec.node.step);
  if (!experiment) experiment = create_experiment(workspace, spec.node.step, "", {}, "gyre");
  NewRun run{.experiment = experiment->id, .name = "sweep " + spec.name, .started_at = now_ms(), .who = "gyre"};
  run.params = {{"sampler", spec.sampler}, {"metric", spec.metric}};
  return create_run(workspace, run).id;
}

std::string Sweeps::start(const json::value& specification) {
  SweepSpec spec = SweepSpec::from_json(specification);
  make_sampler(spec.sampler, spec.space, spec.seed);  // a grid without an end is refused now
  std::string text = canonical(specification);
  auto& rows = body_->workspace.rows();
  if (auto former = rows.one(
          "SELECT * FROM sweep WHERE specification = $1 AND state = 'running' ORDER BY started_at DESC", {text})) {
    std::string id = get_string(*former, "id");
    if (!body_->find_running(id)) body_->take_up(*former, false);
    return id;
  }
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 8; i++) bytes += static_cast<char>(random());
  std::string id = hex(bytes);
  rows.transaction([&] {
    rows.run("INSERT INTO sweep VALUES ($1, $2, $3, 'running', '', 0.0, $4)",
             {id, text, parent_run_of(body_->workspace, spec), now_ms()});
  });
  body_->take_up(*rows.one("SELECT * FROM sweep WHERE id = $1", {id}), false);
  return id;
}

void Sweeps::resume() {
  for (auto& row : body_->workspace.rows().query("SELECT * FROM sweep WHERE state = 'running'", {})) {
    try {
      body_->take_up(row, true);
    } catch (const Error& error) {  // it names a step or an option that this version no longer has
      body_->workspace.rows().run("UPDATE sweep SET state = 'failed', error = $2 WHERE id = $1",
                                  {get_string(row, "id"), error.text()});
    }
  }
}

json::object Sweeps::status(const std::string& id, std::int64_t seen, double wait_seconds) {
  if (auto* run = body_->find_running(id)) return run->status(seen, wait_seconds);
  auto row = body_->workspace.rows().one("SELECT * FROM sweep WHERE id = $1", {id});
  if (!row) throw Error(Code::not_found, "there is no sweep \"" + id + "\"", "GET /api/sweeps lists them");
  // Made to read it, not started.
  SweepRun former(body_->workspace, body_->engine, id, *row, false);
  json::object status = former.status(-1, 0);
  status["state"] = row->at("state");
  status["seconds"] = row->at("seconds");
  if (auto error = get_string(*row, "error"); !error.empty()) status["error"] = error;
  return status;
}

void Sweeps::stop(const std::string& id) {
  auto* run = body_->find_running(id);
  if (!run) throw Error(Code::not_found, "no sweep \"" + id + "\" is running");
  run->stop();
}

json::array Sweeps::list() {
  json::array result;
  for (auto& row : body_->workspace.rows().query(
           "SELECT id, specification, state, seconds, started_at FROM sweep ORDER BY started_at DESC LIMIT 200", {})) {
    json::value specification = parse_json(get_string(row, "specification"), "sweep");
    result.push_back({{"id", row.at("id")},
                      {"name", string_or(specification, "name", get_string(specification, "step"))},
                      {"step", get_string(specification, "step")},
                      {"state", row.at("state")},
                      {"seconds", row.at("seconds")},
                      {"started_at", row.at("started_at")}});
  }
  return result;
}

std::vector<Route> sweep_routes(Sweeps& sweeps) {
  return {
      {"POST", "/api/sweeps", "Start a sweep, or go on with the same that was cut off (docs/tune.md)",
       [&sweeps](Request& request) {
         json::value body = request.json_body();
         only_local(request, SweepSpec::from_json(body).node.inputs);
         return json_response({{"id", sweeps.start(body)}});
       }},
      {"GET", "/api/sweeps", "Sweeps, newest first",
       [&sweeps](Request&) {
         return json_response({{"sweeps", sweeps.list()}});
       }},
      {"GET", "/api/sweeps/{id}", "A sweep with its trials; ?seen=N&wait=SECONDS waits for something newer",
       [&sweeps](Request& request) {
         auto seen = request.query_value("seen"), wait = request.query_value("wait");
         try {
           return json_response(sweeps.status(request.param("id"), seen ? std::stoll(*seen) : -1,
                                              wait ? std::min(30.0, std::stod(*wait)) : 0));
         } catch (const std::logic_error&) {
           throw Error(Code::invalid, "seen and wait must be numbers");
         }
       }},
      {"POST", "/api/sweeps/{id}/stop", "Start no more trials and end what runs; the best so far stays",
       [&sweeps](Request& request) {
         sweeps.stop(request.param("id"));
         return json_response(json::object());
       }},
  };
}

}  // namespace gyre

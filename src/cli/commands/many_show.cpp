#include <cmath>
#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "base/http_client.hpp"

namespace gyre {

static std::string path_of(const json::object& values) {
  return "/api/many/" + percent_encode(get_string(values, "name"));
}

// COLUMN=VALUE words as a query.
static std::string query_of(const json::object& values) {
  std::string query;
  for (auto& word : values.at("where").as_array()) {
    std::string pair(word.as_string());
    auto equals = pair.find('=');
    if (equals == std::string::npos) throw Error(Code::invalid, "--where " + pair + " is not COLUMN=VALUE");
    query += (query.empty() ? "?" : "&") + percent_encode(pair.substr(0, equals)) + "=" +
             percent_encode(pair.substr(equals + 1));
  }
  if (get_bool(values, "failed")) query += (query.empty() ? "?" : "&") + std::string("failed=true");
  return query;
}

static void print_partition(const json::value& partition) {
  std::string name = get_string(partition, "name");
  if (auto trouble = find_string(partition, "trouble")) {
    std::printf("%-40s no model: %s\n", name.c_str(), trouble->c_str());
    return;
  }
  std::printf("%-40s MASE %-8.4g %lld points  %s", name.c_str(), find_number(partition, "mase").value_or(HUGE_VAL),
              static_cast<long long>(get_int(partition, "points")), get_string(partition, "words").c_str());
  if (auto drift = find_number(partition, "drift")) std::printf("  drift %.2g", *drift);
  std::printf("\n");
}

static int run(const json::object& values, CommandContext& context) {
  std::string query = query_of(values);
  if (query.empty()) {
    json::value run = context.api().call("GET", path_of(values));
    if (context.json) return context.print(run), 0;
    std::printf("%s  %s\n", get_string(run, "name").c_str(), iso_time(get_int(run, "at")).c_str());
    std::printf(
        "%lld rows, %s from step to step; %lld partitions, %lld models (%lld kept), %lld failed, %lld drifted\n",
        static_cast<long long>(get_int(run, "rows")), get_string(run, "step").c_str(),
        static_cast<long long>(get_int(run, "partitions")), static_cast<long long>(get_int(run, "models")),
        static_cast<long long>(get_int(run, "kept")), static_cast<long long>(get_int(run, "failed")),
        static_cast<long long>(get_int(run, "drifted")));
    if (auto mase = find_number(run, "mase")) std::printf("MASE %.4g in the mean of the back-tests\n", *mase);
    for (auto& [learner, count] : run.at("learners").as_object())
      std::printf("  %-8s %lld\n", std::string(learner).c_str(), static_cast<long long>(count.as_int64()));
    return 0;
  }
  json::value answer = context.api().call("GET", path_of(values) + "/partitions" + query);
  if (context.json) return context.print(answer), 0;
  auto& partitions = answer.at("partitions").as_array();
  for (auto& partition : partitions) print_partition(partition);
  if (partitions.empty()) std::printf("none\n");
  return 0;
}

extern const Command command_many_show;
const Command command_many_show{
    .words = "many show",
    .help = "What was learned under a name; with --where or --failed, partition by partition",
    .arguments = {{"name", FieldType::text, "as given to gyre many --name", "", {.required = true}, {}}},
    .options =
        {{"where", FieldType::list, "COLUMN=VALUE: only these partitions; may be repeated", json::array(), {}, {}},
         {"failed", FieldType::boolean, "only partitions without a model, and why", false, {}, {}}},
    .run = run};

}  // namespace gyre

#include <charconv>

#include "base/error.hpp"
#include "flow/engine.hpp"
#include "watch/queue.hpp"
#include "watch/routes.hpp"

namespace gyre {

namespace {

std::int64_t id_of(std::string_view text) {
  std::int64_t id = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || stop != text.data() + text.size())
    throw Error(Code::invalid, "\"" + std::string(text) + "\" is no number of a sample");
  return id;
}

Response list(Workspace& workspace, const Request& request) {
  QueueFilter filter{request.query_value("state").value_or("waiting"), request.query_value("module").value_or(""),
                     id_of(request.query_value("limit").value_or("100"))};
  if (filter.state == "all") filter.state = "";
  json::array samples;
  for (auto& sample : queued(workspace, filter)) samples.push_back(to_json(sample));
  json::object counts{{"waiting", 0}, {"labelled", 0}, {"skipped", 0}};
  for (auto& row : workspace.rows().query(
           "SELECT state, count(*) AS n FROM queue_sample WHERE ($1 = '' OR module = $1) GROUP BY state",
           {filter.module}))
    counts[get_string(row, "state")] = row.at("n");
  return json_response({{"samples", std::move(samples)}, {"counts", std::move(counts)}});
}

Response bytes(Workspace& workspace, const Request& request) {
  QueueSample sample = get_queued(workspace, id_of(request.param("id")));
  Response response;
  response.content_type = sample.kind == "image"   ? (sample.name.ends_with(".png") ? "image/png" : "image/jpeg")
                          : sample.kind == "sound" ? "audio/wav"
                                                   : "text/csv";
  response.file = workspace.blobs().path(sample.digest);
  return response;
}

// All or nothing: a label that cannot be given leaves the others ungiven.
Response label_many(Workspace& workspace, Request& request) {
  json::value body = request.json_body();
  std::string by = string_or(body, "by", request.who);
  std::int64_t count = 0;
  if (auto from = find_string(body, "from")) {
    std::string digest = from->starts_with("sha256:") ? *from : get_asset(workspace, *from).digest;
    count = label_from(workspace, parse_labels(workspace.blobs().read(digest), *from), string_or(body, "module", ""));
    return json_response({{"labelled", count}});
  }
  auto* labels = find(body, "labels");
  if (!labels || !labels->is_array())
    throw Error(Code::invalid, "the request has no list \"labels\"",
                "give {\"labels\": [{\"id\": 1, \"label\": \"good\"}]} or {\"from\": LABELS}");
  workspace.rows().transaction([&] {
    for (auto& item : labels->get_array()) {
      label_queued(workspace, get_int(item, "id"), get_string(item, "label"), by);
      count++;
    }
  });
  return json_response({{"labelled", count}});
}

}  // namespace

std::vector<Route> queue_routes(Workspace& workspace) {
  return {
      {"GET", "/api/queue", "Samples that came back; ?state=waiting|labelled|skipped|all, module, limit",
       [&workspace](Request& request) { return list(workspace, request); }},
      {"POST", "/api/queue",
       "Label many: {\"labels\": [{\"id\",\"label\"}], \"by\"?}, or from a layer: {\"from\": asset or digest, "
       "\"module\"?}",
       [&workspace](Request& request) { return label_many(workspace, request); }},
      {"GET", "/api/queue/{id}", "One sample with the device's answer",
       [&workspace](Request& request) {
         return json_response(to_json(get_queued(workspace, id_of(request.param("id")))));
       }},
      {"GET", "/api/queue/{id}/bytes", "The sample itself",
       [&workspace](Request& request) { return bytes(workspace, request); }},
      {"POST", "/api/queue/{id}/label", "Label it: {\"label\", \"by\"?}",
       [&workspace](Request& request) {
         json::value body = request.json_body();
         std::int64_t id = id_of(request.param("id"));
         label_queued(workspace, id, get_string(body, "label"), string_or(body, "by", request.who));
         return json_response(to_json(get_queued(workspace, id)));
       }},
      {"POST", "/api/queue/{id}/skip", "It cannot or shall not be labelled",
       [&workspace](Request& request) {
         std::int64_t id = id_of(request.param("id"));
         skip_queued(workspace, id, request.who);
         return json_response(to_json(get_queued(workspace, id)));
       }},
      {"POST", "/api/queue/export", "The labelled samples as data NAME and NAME-labels: {\"name\", \"module\"?}",
       [&workspace](Request& request) {
         json::value body = request.json_body();
         auto [data, labels, samples] =
             export_queue(workspace, get_string(body, "name"), string_or(body, "module", ""));
         auto asset = [](const Asset& one) {
           return json::object{
               {"name", one.name}, {"version", one.version}, {"type", one.type}, {"digest", one.digest}};
         };
         return json_response({{"data", asset(data)}, {"labels", asset(labels)}, {"samples", samples}});
       }},
  };
}

}  // namespace gyre

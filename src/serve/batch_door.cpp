#include "serve/batch_door.hpp"

#include "base/file.hpp"
#include "server/wire.hpp"

namespace gyre {

static std::vector<std::string> in_query(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  while (!query.empty()) {
    auto one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    auto equals = one.find('=');
    if (equals == std::string_view::npos || one.substr(0, equals) != name) continue;
    auto value = percent_decode(one.substr(equals + 1), true);
    if (!value) throw Error(Code::invalid, "the query's \"" + std::string(name) + "\" cannot be decoded");
    values.push_back(std::move(*value));
  }
  return values;
}

static std::string first_in_query(std::string_view query, std::string_view name, std::string otherwise) {
  auto values = in_query(query, name);
  return values.empty() ? std::move(otherwise) : values.front();
}

static std::string form_of(std::string_view content_type) {
  if (content_type.find("parquet") != std::string_view::npos) return "parquet";
  if (content_type.find("ndjson") != std::string_view::npos || content_type.find("jsonl") != std::string_view::npos)
    return "jsonl";
  return "csv";
}

static void submit(Service& service, const ExchangePointer& exchange, const std::string& name) {
  auto choice = service.endpoints.choose(name, [](const std::string&) { return std::string(); });
  auto model =
      choice ? service.repository.get(choice->target.model, choice->target.version) : service.repository.get(name, "");
  auto form = form_of(exchange->header("content-type"));
  auto job = service.batches->submit({.owner = name,
                                      .model = service.model_file(model->name(), model->version()),
                                      .version = model->version(),
                                      .data = exchange->body,
                                      .data_form = form,
                                      .form = first_in_query(exchange->query, "form", form),
                                      .keep = in_query(exchange->query, "keep"),
                                      .webhook = first_in_query(exchange->query, "webhook", "")});
  exchange->answer({.status = 202,
                    .body = json::serialize(job),
                    .headers = "Location: /endpoints/" + name + "/batches/" + get_string(job, "id") + "\r\n"});
}

void answer_batches(Service& service, const ExchangePointer& exchange, const std::vector<std::string>& parts) {
  if (!service.batches)
    throw Error(Code::unsupported, "this server takes no batches: it was not told where to keep them (--batches)");
  auto& batches = *service.batches;
  auto& name = parts[1];
  if (exchange->method == "POST" && parts.size() == 3) return submit(service, exchange, name);
  if (exchange->method == "DELETE" && parts.size() == 4) {
    batches.remove(name, parts[3]);
    return exchange->answer({.body = "{}"});
  }
  if (exchange->method != "GET" || parts.size() > 5)
    throw Error(Code::not_found, "there is no " + std::string(exchange->method) + " " + std::string(exchange->path));
  if (parts.size() == 3)
    return exchange->answer({.body = json::serialize(json::object{{"batches", batches.list(name)}})});
  if (parts.size() == 4 && parts[3] == "key")
    return exchange->answer({.content_type = "application/x-pem-file", .body = batches.signer().public_pem()});
  if (parts.size() == 4) return exchange->answer({.body = json::serialize(batches.get(name, parts[3]))});
  auto file = batches.file(name, parts[3], parts[4]);
  if (fs::file_size(file) > service.body_limit)
    throw Error(Code::unsupported, file.string() + " is larger than what is sent at once: take it where it lies");
  exchange->answer({.content_type = "application/octet-stream", .body = read_file(file)});
}

}  // namespace gyre

#include "track/mlflow.hpp"

#include <charconv>
#include <cmath>
#include <limits>

namespace gyre {

Asked::Asked(const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    json::value body = request.json_body();
    if (!body.is_object()) throw Error(Code::invalid, "the request body must be a JSON object");
    members_ = std::move(body.get_object());
    if (!members_.empty()) return;
  }
  for (auto& [name, value] : request.query) {
    auto& member = members_[name.ends_with("[]") ? name.substr(0, name.size() - 2) : name];
    if (member.is_null())
      member = value;
    else if (auto* list = member.if_array())
      list->emplace_back(value);
    else
      member = json::array{json::value(member), value};
  }
}

std::optional<std::string> Asked::find_text(std::string_view key) const {
  auto* value = members_.if_contains(key);
  if (!value || value->is_null()) return {};
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_number() || value->is_bool()) return canonical(*value);
  throw Error(Code::invalid, "Invalid value for " + named(key) + " supplied: a text is expected");
}

std::string Asked::text_or(std::string_view key, std::string_view otherwise) const {
  return find_text(key).value_or(std::string(otherwise));
}

std::string Asked::text(std::string_view key) const {
  auto value = find_text(key);
  if (!value || value->empty()) throw Error(Code::invalid, "Missing value for required " + named(key) + ".");
  return *value;
}

std::optional<std::int64_t> Asked::find_integer(std::string_view key) const {
  auto text = find_text(key);
  if (!text) return {};
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size())
    throw Error(Code::invalid,
                "Invalid value '" + text->substr(0, 40) + "' for " + named(key) + " supplied: an integer is expected");
  return value;
}

double Asked::number(std::string_view key) const {
  auto* value = members_.if_contains(key);
  if (value && value->is_number()) return value->to_number<double>();
  std::string text = this->text(key);
  if (text == "NaN") return std::nan("");
  if (text == "Infinity" || text == "-Infinity")
    return (text[0] == '-' ? -1 : 1) * std::numeric_limits<double>::infinity();
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw Error(Code::invalid,
                "Invalid value '" + text.substr(0, 40) + "' for " + named(key) + " supplied: a number is expected");
  return number;
}

std::vector<std::string> Asked::texts(std::string_view key) const {
  auto* value = members_.if_contains(key);
  std::vector<std::string> result;
  if (!value || value->is_null()) return result;
  for (auto& item : value->is_array() ? value->get_array() : json::array{*value})
    result.push_back(item.is_string() ? std::string(item.get_string()) : canonical(item));
  return result;
}

std::vector<Asked> Asked::items(std::string_view key) const {
  auto* value = members_.if_contains(key);
  std::vector<Asked> result;
  if (!value || value->is_null()) return result;
  if (!value->is_array())
    throw Error(Code::invalid, "Invalid value for " + named(key) + " supplied: a list is expected");
  std::size_t index = 0;
  for (auto& item : value->get_array()) {
    if (!item.is_object())
      throw Error(Code::invalid, "Invalid value for " + named(key) + " supplied: a list of objects is expected");
    std::string place = place_ + std::string(key) + "[" + std::to_string(index++) + "].";
    result.push_back(Asked(item.get_object(), place));
  }
  return result;
}

std::optional<Asked> Asked::find_object(std::string_view key) const {
  auto* value = members_.if_contains(key);
  if (!value || value->is_null()) return {};
  if (!value->is_object())
    throw Error(Code::invalid, "Invalid value for " + named(key) + " supplied: an object is expected");
  return Asked(value->get_object(), place_ + std::string(key) + ".");
}

bool Asked::flag(std::string_view key, bool otherwise) const {
  auto text = find_text(key);
  if (!text) return otherwise;
  LessNoCase less;
  auto is = [&](std::string_view word) { return !less(*text, word) && !less(word, *text); };
  if (!is("true") && !is("false"))
    throw Error(Code::invalid, "Invalid value for " + named(key) + " supplied: true or false");
  return is("true");
}

std::vector<std::int64_t> Asked::experiments() const {
  std::vector<std::int64_t> experiments;
  for (auto& id : texts("experiment_ids")) {
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || end != id.data() + id.size())
      throw Error(Code::invalid,
                  "Invalid experiment ID '" + id.substr(0, 80) + "'. Experiment ID must be a valid integer.");
    experiments.push_back(number);
  }
  return experiments;
}

Pairs Asked::pairs(std::string_view key) const {
  Pairs result;
  for (auto& item : items(key)) result.emplace_back(item.text("key"), item.text_or("value", ""));
  return result;
}

std::int64_t Asked::integer(std::string_view key) const {
  text(key);  // missing is another error than wrong
  return *find_integer(key);
}

Search Asked::search(std::size_t usual, std::size_t most) const {
  std::int64_t limit = find_integer("max_results").value_or(static_cast<std::int64_t>(usual));
  if (limit < 1 || limit > static_cast<std::int64_t>(most))
    throw Error(Code::invalid, "Invalid value " + std::to_string(limit) +
                                   " for parameter 'max_results' supplied: it must be from 1 to " +
                                   std::to_string(most));
  return {.filter = text_or("filter", ""),
          .order_by = texts("order_by"),
          .limit = static_cast<std::size_t>(limit),
          .page_token = text_or("page_token", "")};
}

json::value mlflow_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return value;
}

json::array mlflow_pairs(const Pairs& pairs) {
  json::array result;
  for (auto& [key, value] : pairs) result.push_back(json::object{{"key", key}, {"value", value}});
  return result;
}

Response mlflow_error(const Error& error) {
  struct Form {
    Code code;
    std::string_view name;
    int status;
  };
  static constexpr Form forms[] = {
      {Code::invalid, "INVALID_PARAMETER_VALUE", 400},
      {Code::denied, "PERMISSION_DENIED", 403},
      {Code::not_found, "RESOURCE_DOES_NOT_EXIST", 404},
      {Code::conflict, "RESOURCE_ALREADY_EXISTS", 400},
      {Code::unsupported, "NOT_IMPLEMENTED", 501},
      {Code::unavailable, "TEMPORARILY_UNAVAILABLE", 503},
      {Code::full, "INTERNAL_ERROR", 507},
      {Code::cancelled, "CANCELLED", 499},
      {Code::internal, "INTERNAL_ERROR", 500},
  };
  std::string message = error.text();
  if (!error.hint.empty()) message += " (" + error.hint + ")";
  for (auto& form : forms)
    if (form.code == error.code) return json_response({{"error_code", form.name}, {"message", message}}, form.status);
  return json_response({{"error_code", "INTERNAL_ERROR"}, {"message", message}}, 500);
}

std::vector<Route> mlflow_routes(Workspace& workspace) {
  std::vector<Route> all;
  for (std::string_view prefix : {"/api/2.0/mlflow", "/ajax-api/2.0/mlflow"})
    for (auto& part :
         {mlflow_experiment_routes(workspace), mlflow_run_routes(workspace), mlflow_model_routes(workspace),
          mlflow_version_routes(workspace), mlflow_logged_model_routes(workspace), mlflow_input_routes(workspace),
          mlflow_history_routes(workspace)})
      for (Route route : part) {
        route.pattern.insert(0, prefix);
        all.push_back(std::move(route));
      }
  for (auto& part : {mlflow_artifact_routes(workspace), mlflow_file_routes(workspace), mlflow_absent_routes()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace gyre

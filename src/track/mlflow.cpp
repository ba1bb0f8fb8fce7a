#include "track/mlflow.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "track/text_limits.hpp"

namespace gyre {

Asked::Asked(const Request& request) {
  if (request.method != "GET" && request.method != "HEAD" && !request.body.empty()) {
    // In one piece of memory: a batch has thousands of small values.
    auto memory = json::make_shared_resource<json::monotonic_resource>(request.body.size() * 2);
    auto body = std::make_shared<json::value>(parse_json(request.body, "request body", std::move(memory)));
    if (!body->is_object()) throw Error(Code::invalid, "the request body must be a JSON object");
    members_ = &body->get_object();
    all_ = std::move(body);
    if (!members_->empty()) return;
  }
  is_query_ = true;
  json::object members;
  for (auto& [name, value] : request.query) {
    auto& member = members[name.ends_with("[]") ? name.substr(0, name.size() - 2) : name];
    if (member.is_null())
      member = value;
    else if (auto* list = member.if_array())
      list->emplace_back(value);
    else
      member = json::array{json::value(member), value};
  }
  auto all = std::make_shared<json::value>(std::move(members));
  members_ = &all->get_object();
  all_ = std::move(all);
}

std::string Asked::place() const {
  if (!within_) return "";
  return *within_ + (index_ ? "[" + std::to_string(*index_) + "]." : ".");
}

// A value as MLflow shows it: 9.0 is no integer.
static std::string shown(const json::value& value) {
  if (!value.is_double() || !std::isfinite(value.get_double())) return cut_to(json::serialize(value), 200);
  char buffer[40];
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value.get_double()).ptr);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

Error Asked::wrong(std::string_view key, std::string_view wanted) const {
  auto* value = members_->if_contains(key);
  return {Code::invalid, "Invalid value " + (value ? shown(*value) : "null") + " for parameter '" + place() +
                             std::string(key) + "' supplied: " + std::string(wanted) + " is expected"};
}

Error Asked::missing(std::string_view key) const {
  return {Code::invalid, "Missing value for required parameter '" + place() + std::string(key) + "'."};
}

std::optional<std::string> Asked::find_text(std::string_view key) const {
  auto* value = members_->if_contains(key);
  if (!value || value->is_null()) return {};
  if (!value->is_string()) throw wrong(key, "a text");
  return std::string(value->get_string());
}

std::string Asked::text_or(std::string_view key, std::string_view otherwise) const {
  return find_text(key).value_or(std::string(otherwise));
}

std::string Asked::text(std::string_view key) const {
  auto value = find_text(key);
  if (!value || value->empty()) throw missing(key);
  return *value;
}

// Protobuf's JSON writes large integers as texts.
std::optional<std::int64_t> Asked::find_integer(std::string_view key) const {
  auto* value = members_->if_contains(key);
  if (!value || value->is_null()) return {};
  if (auto* number = value->if_int64()) return *number;
  // R writes whole numbers as doubles.
  if (auto* number = value->if_double(); number && std::abs(*number) < 9e15 && std::trunc(*number) == *number)
    return static_cast<std::int64_t>(*number);
  auto* text = value->if_string();
  if (!text) throw wrong(key, "an integer");
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (text->empty() || error != std::errc() || end != text->data() + text->size()) throw wrong(key, "an integer");
  return number;
}

double Asked::number(std::string_view key) const {
  auto* value = members_->if_contains(key);
  if (!value || value->is_null()) throw missing(key);
  if (value->is_number()) return value->to_number<double>();
  if (!value->is_string()) throw wrong(key, "a number");
  std::string_view text = value->get_string();
  if (text.empty()) throw missing(key);
  if (text == "NaN") return std::nan("");
  if (text == "Infinity" || text == "-Infinity")
    return (text[0] == '-' ? -1 : 1) * std::numeric_limits<double>::infinity();
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) throw wrong(key, "a number");
  return number;
}

std::vector<std::string> Asked::texts(std::string_view key) const {
  auto* value = members_->if_contains(key);
  std::vector<std::string> result;
  if (!value || value->is_null()) return result;
  bool one_of_query = is_query_ && value->is_string();
  if (!one_of_query && !value->is_array()) throw wrong(key, "a list");
  for (auto& item : one_of_query ? json::array{*value} : value->get_array()) {
    if (!item.is_string()) throw wrong(key, "a list of texts");
    result.emplace_back(item.get_string());
  }
  return result;
}

std::vector<Asked> Asked::items(std::string_view key) const {
  auto* value = members_->if_contains(key);
  std::vector<Asked> result;
  if (!value || value->is_null()) return result;
  if (!value->is_array()) throw wrong(key, "a list");
  auto within = std::make_shared<std::string>(place() + std::string(key));
  for (auto& item : value->get_array()) {
    if (!item.is_object()) throw wrong(key, "a list of objects");
    result.push_back(Asked(all_, item.get_object(), within, result.size()));
  }
  return result;
}

std::optional<Asked> Asked::find_object(std::string_view key) const {
  auto* value = members_->if_contains(key);
  if (!value || value->is_null()) return {};
  if (!value->is_object()) throw wrong(key, "an object");
  return Asked(all_, value->get_object(), std::make_shared<std::string>(place() + std::string(key)), {});
}

bool Asked::flag(std::string_view key, bool otherwise) const {
  auto* value = members_->if_contains(key);
  if (!value || value->is_null()) return otherwise;
  if (auto* flag = value->if_bool()) return *flag;
  LessNoCase less;
  auto is = [&](std::string_view word) {
    return value->is_string() && !less(value->get_string(), word) && !less(word, value->get_string());
  };
  if (!is("true") && !is("false")) throw wrong(key, "true or false");
  return is("true");
}

std::optional<std::string> Asked::find_choice(std::string_view key,
                                              std::initializer_list<std::string_view> names) const {
  auto* value = members_->if_contains(key);
  if (!value || value->is_null()) return {};
  std::int64_t number = 1;
  std::string list;
  for (auto name : names) {
    if ((value->is_string() && value->get_string() == name) || (value->is_int64() && value->get_int64() == number))
      return std::string(name);
    list += (number++ > 1 ? ", " : "one of ") + std::string(name);
  }
  throw wrong(key, list);
}

Stages Asked::stages(std::string_view key) const {
  std::string view = find_choice(key, {"ACTIVE_ONLY", "DELETED_ONLY", "ALL"}).value_or("ACTIVE_ONLY");
  return view == "ALL" ? Stages::all : view == "DELETED_ONLY" ? Stages::deleted : Stages::active;
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
  auto* value = members_->if_contains(key);
  if (!value || value->is_null() || *value == "") throw missing(key);
  return *find_integer(key);
}

std::size_t Asked::limit(std::size_t usual, std::size_t most) const {
  std::int64_t limit = find_integer("max_results").value_or(static_cast<std::int64_t>(usual));
  if (limit < 1 || limit > static_cast<std::int64_t>(most))
    throw Error(Code::invalid, "Invalid value " + std::to_string(limit) +
                                   " for parameter 'max_results' supplied. It must be a positive integer, at most " +
                                   std::to_string(most));
  return static_cast<std::size_t>(limit);
}

Search Asked::search(std::size_t usual, std::size_t most) const {
  return {.filter = text_or("filter", ""),
          .order_by = texts("order_by"),
          .limit = limit(usual, most),
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
  std::string message = cut_to(error.text(), 1500);  // it may hold what was asked, of any length
  if (!error.hint.empty()) message += " (" + error.hint + ")";
  for (auto& form : forms)
    if (form.code == error.code) return json_response({{"error_code", form.name}, {"message", message}}, form.status);
  return json_response({{"error_code", "INTERNAL_ERROR"}, {"message", message}}, 500);
}

std::vector<Route> mlflow_routes(Workspace& workspace) {
  std::vector<Route> all;
  bool rows_here = workspace.rows().dialect() == Dialect::sqlite;  // else each is a question to another program
  for (std::string_view prefix : {"/api/2.0/mlflow", "/ajax-api/2.0/mlflow"})
    for (auto& part :
         {mlflow_experiment_routes(workspace), mlflow_run_routes(workspace), mlflow_model_routes(workspace),
          mlflow_version_routes(workspace), mlflow_logged_model_routes(workspace), mlflow_input_routes(workspace),
          mlflow_history_routes(workspace)})
      for (Route route : part) {
        route.pattern.insert(0, prefix);
        route.quick = route.quick && rows_here;
        all.push_back(std::move(route));
      }
  for (std::string_view prefix : {"/api/3.0/mlflow", "/ajax-api/3.0/mlflow"})
    for (Route route : mlflow_dataset_routes(workspace)) {
      route.pattern.insert(0, prefix);
      all.push_back(std::move(route));
    }
  for (auto& part : {mlflow_artifact_routes(workspace), mlflow_file_routes(workspace), mlflow_absent_routes()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace gyre

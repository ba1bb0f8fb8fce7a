#pragma once
// Models as runs log them, before anybody registers them: where their files lie, their params and tags, and what was
// measured of them on which data.
#include <string>
#include <vector>

#include "track/runs.hpp"
#include "track/search.hpp"

namespace gyre {

// A point that was measured of a logged model, perhaps on a data set.
struct ModelPoint {
  std::string model;
  std::string run;
  std::string dataset_name;
  std::string dataset_digest;
  Point point;
};

struct LoggedModel {
  std::string id;
  std::int64_t experiment = 0;
  std::string name;
  std::string type;
  std::string source_run;
  std::string status;  // UNSPECIFIED PENDING READY FAILED
  std::string stage;   // active deleted
  std::string artifact_location;
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  Pairs params{};
  Pairs tags{};
  std::vector<ModelPoint> metrics{};
};

struct NewLoggedModel {
  std::int64_t experiment = 0;
  std::string name;  // made when empty
  std::string type;
  std::string source_run;
  Pairs params{};
  Pairs tags{};
};
LoggedModel create_logged_model(Workspace& workspace, const NewLoggedModel& wanted, std::string_view who);
LoggedModel get_logged_model(Workspace& workspace, const std::string& id, bool deleted_too = false);
void set_logged_model_status(Workspace& workspace, const std::string& id, const std::string& status,
                             std::string_view who);
void delete_logged_model(Workspace& workspace, const std::string& id, std::string_view who);
// A param that is there with another value is refused.
void add_logged_model_params(Workspace& workspace, const std::string& id, const Pairs& params);
void set_logged_model_tags(Workspace& workspace, const std::string& id, const Pairs& tags);
void delete_logged_model_tag(Workspace& workspace, const std::string& id, const std::string& key);
void log_model_points(Workspace& workspace, const std::vector<ModelPoint>& points);

// Rows of `logged_model` into values, with what belongs to them.
std::vector<LoggedModel> logged_models_from(Workspace& workspace, const std::vector<Row>& rows);

struct DatasetName {
  std::string name;
  std::string digest;  // empty: any
};
struct LoggedModelOrder {
  std::string field;  // "name", "metrics.accuracy"
  bool descending = false;
  DatasetName dataset{};  // whose metrics count; an empty name: all
};
struct LoggedModelSearch {
  std::vector<std::int64_t> experiments;
  std::string filter;
  std::vector<DatasetName> datasets;  // metrics in the filter are of one of these
  std::vector<LoggedModelOrder> order_by;
  std::size_t limit = 100;
  std::string page_token;
};
Page<LoggedModel> search_logged_models(Workspace& workspace, const LoggedModelSearch& search);

}  // namespace gyre

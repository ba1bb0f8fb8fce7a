#pragma once
// The labelling queue: samples that came back from devices wait here for a label. Their bytes are blobs; a label given
// here says afterwards whether the device's answer was right.
#include <string>
#include <vector>

#include "data/labels.hpp"
#include "flow/engine.hpp"
#include "store/workspace.hpp"

namespace gyre {

struct QueueSample {
  std::int64_t id = 0;
  std::string device, module, image, name, kind, why;
  std::int64_t at = 0;
  std::string digest;
  std::int64_t bytes = 0;
  json::value answer;
  std::string state, label, labelled_by;
  std::int64_t labelled_at = 0;
};
json::object to_json(const QueueSample& sample);

// The same content for the same module is queued once. Error{invalid} for bytes that are no picture, sound or series.
void queue_sample(Workspace& workspace, QueueSample sample, const std::string& bytes);

struct QueueFilter {
  std::string state{}, module{};  // empty: any
  std::int64_t limit = 1000;
};
std::vector<QueueSample> queued(Workspace& workspace, const QueueFilter& filter);  // oldest first
QueueSample get_queued(Workspace& workspace, std::int64_t id);

void label_queued(Workspace& workspace, std::int64_t id, const std::string& label, const std::string& by);
void skip_queued(Workspace& workspace, std::int64_t id, const std::string& by);
// Labels what waits and is known to a layer of labels; how many.
std::int64_t label_from(Workspace& workspace, const Labels& labels, const std::string& module);

// The labelled samples as a data set and its labels: assets NAME and NAME-labels.
struct Exported {
  Asset data, labels;
  std::int64_t samples = 0;
};
Exported export_queue(Workspace& workspace, const std::string& name, const std::string& module);

// Whether answers were right, by version, day and why the sample came: "gather" is a fair sample of the answers,
// "uncertain" holds the hard ones only.
json::array accuracy_over_time(Workspace& workspace, const std::string& module);

}  // namespace gyre

#include "watch/queue.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "media/image.hpp"
#include "media/series.hpp"
#include "media/sound.hpp"

namespace gyre {

namespace {

// Decoded once here: what enters the queue can be looked at, labelled and learned from.
std::string kind_of(const std::string& bytes, const std::string& where) {
  if (is_image(bytes)) {
    decode_image(bytes, where);
    return "image";
  }
  if (bytes.starts_with("RIFF") || bytes.starts_with("fLaC") || bytes.starts_with("OggS")) {
    decode_sound(bytes, where);
    return "sound";
  }
  decode_series(bytes, where);
  return "series";
}

std::string text_or_empty(const Row& row, std::string_view key) {
  auto* value = row.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

QueueSample sample_from(const Row& row) {
  QueueSample sample;
  sample.id = get_int(row, "id");
  sample.device = get_string(row, "device");
  sample.module = get_string(row, "module");
  sample.image = get_string(row, "image");
  sample.name = get_string(row, "name");
  sample.kind = get_string(row, "kind");
  sample.why = get_string(row, "why");
  sample.at = get_int(row, "at");
  sample.digest = get_string(row, "digest");
  sample.bytes = get_int(row, "bytes");
  sample.answer = parse_json(get_string(row, "answer"), "a kept answer");
  sample.state = get_string(row, "state");
  sample.label = text_or_empty(row, "label");
  sample.labelled_by = text_or_empty(row, "labelled_by");
  if (auto* at = row.if_contains("labelled_at"); at && at->is_int64()) sample.labelled_at = at->get_int64();
  return sample;
}

std::string extension_for(const QueueSample& sample) {
  if (sample.kind == "image") return fs::path(sample.name).extension() == ".png" ? ".png" : ".jpg";
  return sample.kind == "sound" ? ".wav" : ".csv";
}

}  // namespace

json::object to_json(const QueueSample& sample) {
  json::object result{{"id", sample.id},       {"device", sample.device},   {"module", sample.module},
                      {"image", sample.image}, {"name", sample.name},       {"kind", sample.kind},
                      {"why", sample.why},     {"at", iso_time(sample.at)}, {"digest", sample.digest},
                      {"bytes", sample.bytes}, {"answer", sample.answer},   {"state", sample.state}};
  if (!sample.label.empty()) result["label"] = sample.label;
  if (sample.labelled_at) result["by"] = sample.labelled_by, result["labelled_at"] = iso_time(sample.labelled_at);
  return result;
}

void queue_sample(Workspace& workspace, QueueSample sample, const std::string& bytes) {
  sample.kind = kind_of(bytes, sample.name);
  sample.digest = workspace.blobs().put_bytes(bytes);
  workspace.rows().run(
      "INSERT INTO queue_sample (device, module, image, name, kind, why, at, received_at, digest, bytes, answer) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (module, digest) DO NOTHING",
      {sample.device, sample.module, sample.image, sample.name, sample.kind, sample.why, sample.at, now_ms(),
       sample.digest, static_cast<std::int64_t>(bytes.size()), canonical(sample.answer)});
}

std::vector<QueueSample> queued(Workspace& workspace, const QueueFilter& filter) {
  std::vector<QueueSample> samples;
  for (auto& row : workspace.rows().query(
           "SELECT * FROM queue_sample WHERE ($1 = '' OR state = $1) AND ($2 = '' OR module = $2) ORDER BY id LIMIT $3",
           {filter.state, filter.module, filter.limit}))
    samples.push_back(sample_from(row));
  return samples;
}

QueueSample get_queued(Workspace& workspace, std::int64_t id) {
  auto row = workspace.rows().one("SELECT * FROM queue_sample WHERE id = $1", {id});
  if (!row)
    throw Error(Code::not_found, "there is no sample " + std::to_string(id) + " in the queue",
                "`gyre queue list` shows what waits");
  return sample_from(*row);
}

void label_queued(Workspace& workspace, std::int64_t id, const std::string& label, const std::string& by) {
  check_label(label, "sample " + std::to_string(id));
  workspace.rows().transaction([&] {
    QueueSample before = get_queued(workspace, id);
    if (before.state == "labelled" && before.label == label) return;
    workspace.rows().run(
        "UPDATE queue_sample SET state = 'labelled', label = $2, labelled_by = $3, labelled_at = $4 WHERE id = $1",
        {id, label, by, now_ms()});
    workspace.audit(by, "label", "queue/" + std::to_string(id),
                    before.label.empty() ? json::value(nullptr) : json::value(before.label), json::value(label));
  });
}

void skip_queued(Workspace& workspace, std::int64_t id, const std::string& by) {
  workspace.rows().transaction([&] {
    QueueSample before = get_queued(workspace, id);
    workspace.rows().run(
        "UPDATE queue_sample SET state = 'skipped', label = NULL, labelled_by = $2, labelled_at = $3 WHERE id = $1",
        {id, by, now_ms()});
    workspace.audit(by, "skip", "queue/" + std::to_string(id), json::value(before.state), "skipped");
  });
}

std::int64_t label_from(Workspace& workspace, const Labels& labels, const std::string& module) {
  std::int64_t count = 0;
  workspace.rows().transaction([&] {
    for (auto& sample : queued(workspace, {.state = "waiting", .module = module, .limit = 1'000'000}))
      if (auto known = labels.of.find(sample.digest); known != labels.of.end()) {
        workspace.rows().run(
            "UPDATE queue_sample SET state = 'labelled', label = $2, labelled_by = $3, labelled_at = $4 WHERE id = $1",
            {sample.id, known->second.label, known->second.by, now_ms()});
        count++;
      }
    if (count) workspace.audit("local", "label", "queue", nullptr, {{"samples", count}, {"module", module}});
  });
  return count;
}

Exported export_queue(Workspace& workspace, const std::string& name, const std::string& module) {
  auto samples = queued(workspace, {.state = "labelled", .module = module, .limit = 1'000'000});
  if (samples.empty())
    throw Error(Code::not_found,
                "no sample of the queue" + (module.empty() ? "" : " of module \"" + module + "\"") + " has a label",
                "label some first: `gyre queue label ID LABEL`");
  TemporaryFolder folder(workspace.blobs().root() / "staging");
  Labels labels;
  for (auto& sample : samples) {
    fs::path to = folder.path() / sample.label / (sample.digest.substr(7, 16) + extension_for(sample));
    if (sample.label.find('/') != std::string::npos || sample.label.starts_with("."))
      to = folder.path() / to.filename();  // a label that cannot name a folder
    make_folders(to.parent_path());
    std::error_code exists;  // the same content of two modules is linked once
    fs::create_hard_link(workspace.blobs().path(sample.digest), to, exists);
    if (exists && exists != std::errc::file_exists) throw system_error(exists.value(), to.string());
    labels.of[sample.digest] = {sample.label, sample.labelled_by, iso_time(sample.labelled_at)};
  }
  Exported exported;
  std::string data = workspace.blobs().put_folder(folder.path()), layer = workspace.blobs().put_bytes(to_text(labels));
  workspace.rows().transaction([&] {
    exported.data = keep_asset(workspace, name, samples[0].kind + (samples[0].kind == "series" ? "" : "s"), data);
    exported.labels = keep_asset(workspace, name + "-labels", "labels", layer);
  });
  exported.samples = static_cast<std::int64_t>(labels.of.size());
  return exported;
}

json::array accuracy_over_time(Workspace& workspace, const std::string& module) {
  json::array result;
  for (auto& row :
       workspace.rows().query("SELECT image, why, at / 86400000 AS day, count(*) AS labelled, "
                              "sum(CASE WHEN label = answer ->> 'label' THEN 1 ELSE 0 END) AS right FROM queue_sample "
                              "WHERE module = $1 AND state = 'labelled' "
                              "AND answer ->> 'label' IS NOT NULL GROUP BY image, why, day ORDER BY min(at), why",
                              {module})) {
    double labelled = get_number(row, "labelled"), right = get_number(row, "right");
    result.push_back({{"image", row.at("image")},
                      {"why", row.at("why")},
                      {"day", iso_time(get_int(row, "day") * 86400000).substr(0, 10)},
                      {"labelled", row.at("labelled")},
                      {"right", row.at("right")},
                      {"accuracy", right / labelled}});
  }
  return result;
}

}  // namespace gyre

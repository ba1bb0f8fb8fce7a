#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>

#include "base/gzip.hpp"
#include "base/hash.hpp"
#include "base/tar.hpp"
#include "edge/answer_batch.hpp"
#include "edge/container.hpp"
#include "edge/helper.hpp"
#include "edge/image_store.hpp"
#include "edge/module_process.hpp"
#include "edge/outbox.hpp"

namespace gyre {

namespace {

// The held-back inputs, as files in `folder`.
void fetch_inputs(const std::string& url, const std::string& digest, ImageStore& images, const fs::path& folder,
                  const HttpOptions& http) {
  fs::path file = images.partial() / digest.substr(digest.find(':') + 1);
  images.fetch_blob(url, {.type = "", .digest = digest, .size = 0}, file, http, [](std::int64_t) {});
  TarExtractor extractor(folder, "validation data " + digest, {}, /*durable=*/false);
  FileHandle in = open_file(file, O_RDONLY);
  std::string buffer(std::size_t{64} << 10, '\0');
  for (ssize_t n; (n = ::read(in.get(), buffer.data(), buffer.size())) > 0;)
    extractor.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
  extractor.finish();
}

// Runs the image's check over the inputs and gathers its answers.
json::object check_in_container(const ContainerPlace& place, const ImageStore& images, const ImageReference& image,
                                const json::value& wanted, const fs::path& inputs) {
  auto command = module_command(images.config(image.digest), "check");
  Container container(place, "validate", images.layers(image.digest),
                      {.command = command,
                       .input = inputs,
                       .memory_mb = static_cast<std::int64_t>(find_number(wanted, "memory_mb").value_or(256)),
                       .cpus = find_number(wanted, "cpus").value_or(1)});
  json::array answers;
  std::vector<double> milliseconds;
  double pss_mb = 0;
  json::value ready;
  LineReader lines;
  auto take = [&](const json::object& line) {
    if (line.contains("ready")) {
      ready = line;
      pss_mb = std::max(pss_mb, find_number(line, "pss_mb").value_or(0));
    }
    if (!line.contains("name")) return;
    json::object answer{{"name", line.at("name")}};
    for (auto* key : {"answer", "error"})
      if (auto* value = line.if_contains(key)) answer[key] = *value;
    if (auto ms = find_number(line, "ms")) milliseconds.push_back(*ms);
    answers.push_back(std::move(answer));
  };
  constexpr double patience_seconds = 60;  // without a line
  auto last_line = std::chrono::steady_clock::now();
  while (true) {
    pollfd entry{container.output(), POLLIN, 0};
    ::poll(&entry, 1, 50);
    bool running = container.running();
    pss_mb = std::max(pss_mb, container.pss_mb());
    if (lines.read(container.output(), take)) last_line = std::chrono::steady_clock::now();
    if (!running) break;
    if (std::chrono::steady_clock::now() - last_line > std::chrono::duration<double>(patience_seconds))
      throw Error(Code::invalid, "the module gave no answer for a minute");
  }
  if (ready.is_null())
    throw Error(Code::invalid, "the module ended (" + std::to_string(container.exit_code()) +
                                   ") before it was ready: " + container.last_words());
  if (!get_bool(ready, "ready")) throw Error(Code::invalid, string_or(ready, "error", "the module is not ready"));
  if (container.exit_code() != 0)
    throw Error(Code::invalid, "the module ended with " + std::to_string(container.exit_code()) + " after " +
                                   std::to_string(answers.size()) + " answers: " + container.last_words());
  return {{"samples", answers.size()},
          {"answers", answers},
          {"p50_ms", percentile_of(milliseconds, 50)},
          {"p99_ms", percentile_of(milliseconds, 99)},
          {"pss_mb", pss_mb},
          {"golden", ready.at("golden")}};
}

}  // namespace

void validate_desired(const AgentConfig& config, EdgeState& state, const ContainerPlace& place) {
  json::object desired = state.desired();
  auto* wanted = find(desired, "validate");
  if (!wanted || wanted->is_null()) return;
  std::string id = get_string(*wanted, "id");
  if (state.was_validated(id)) return;
  std::string image = string_or(*wanted, "image", "");
  json::object body;
  try {
    ImageReference reference = parse_image_reference(image);
    std::string digest = get_string(*wanted, "data");
    if (!is_digest(digest)) throw Error(Code::invalid, "\"data\" is no digest: " + digest);
    install_image(config, state, image);
    ImageStore images(state.folder());
    HttpOptions http{.ca = config.bus.ca, .certificate = config.bus.certificate, .key = config.bus.key};
    fs::path folder = state.folder() / "run" / "validate";
    remove_all(folder);  // of a helper that was killed
    make_folders(folder);
    std::string url = registry_of(config, desired) + "/v2/" + std::string(data_repository) + "/blobs/" + digest;
    fetch_inputs(url, digest, images, folder, http);
    body = check_in_container(place, images, reference, *wanted, folder);
    remove_all(folder);
  } catch (const Error& error) {
    if (may_pass(error.code)) throw;
    body = {{"error", error.text()}};
  }
  body["id"] = id;
  body["image"] = image;
  Outbox outbox(state.db(), config.outbox_bytes);
  state.db().transaction([&] {
    outbox.put("validation", body);
    state.mark_validated(id);
  });
}

}  // namespace gyre

#include "edge/module_keeper.hpp"

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "edge/log.hpp"

namespace gyre {

static constexpr std::int64_t ready_within_ms = 30'000;
static constexpr std::int64_t steady_after_ms = 60'000;

static ModuleEntry entry_of(const std::string& name, const std::string& text) {
  return module_entry_from(name, parse_json(text, "desired module " + name));
}

bool ModuleKeeper::is_installed(const std::string& text) const {
  return !text.empty() && parts_.images.has(entry_of(name_, text).image.digest);
}

ModuleFacts ModuleKeeper::facts() const {
  return {.has_wanted = !row_.wanted.empty(),
          .has_committed = !row_.committed.empty(),
          .wanted_is_committed = row_.wanted == row_.committed,
          .wanted_refused = row_.refused,
          .wanted_installed = !row_.refused && is_installed(row_.wanted),
          .committed_installed = is_installed(row_.committed)};
}

std::string ModuleKeeper::turn(std::int64_t now_ms) {
  row_ = parts_.state.find_module(name_).value_or(ModuleRow{.name = name_});
  if (!row_.wanted.empty() && !row_.refused) {
    try {
      entry_of(name_, row_.wanted);
    } catch (const Error& error) {
      refuse(error.text());
    }
  }
  if (process_) {
    read(now_ms);
    watch(now_ms);
  }
  ModulePlan plan = plan_module(facts());
  std::string should = plan.run == Which::wanted ? row_.wanted : plan.run == Which::committed ? row_.committed : "";
  if (process_ && process_->text != should) {
    log_line("module " + name_ + ": stops");
    stop();
  }
  if (!process_ && !should.empty() && now_ms >= next_start_) start(should, now_ms);
  if (feed_)
    for (auto& name : feed_->pump()) set_aside(parts_.state.folder() / "input" / process_->entry.input / name);
  if (!batch_.empty() && (sketch_came_ || batch_.full() || now_ms - batch_.since() > 3000)) flush();
  if (plan.install == Which::none || now_ms < next_install_) return {};
  return entry_of(name_, plan.install == Which::wanted ? row_.wanted : row_.committed).image.text();
}

void ModuleKeeper::start(const std::string& text, std::int64_t now_ms) {
  bool trial = text != row_.committed;
  if (trial) {
    // Counted before it starts: an entry that takes the whole machine down is not tried for ever.
    if (row_.trial_starts >= most_trial_starts)
      return refuse("did not come up in " + std::to_string(most_trial_starts) + " starts: " + row_.error);
    row_.trial_starts++;
    parts_.state.save(row_);
  }
  ModuleEntry entry = entry_of(name_, text);
  verdict_.clear();
  try {
    fs::path raw = parts_.state.folder() / "input" / entry.input;
    make_folders(raw);
    fs::path input = entry.rule ? parts_.state.folder() / "clean" / name_ : raw;
    feed_ = entry.rule ? std::make_unique<RuleFeed>(*entry.rule, raw, input) : nullptr;
    ContainerOptions options{.command = module_command(parts_.images.config(entry.image.digest), "run"),
                             .input = input,
                             .memory_mb = entry.memory_mb,
                             .cpus = entry.cpus};
    process_ =
        std::make_unique<Process>(parts_.place, "module-" + name_, parts_.images.layers(entry.image.digest), options);
    process_->text = text;
    process_->entry = entry;
    process_->input = input;
    process_->started = now_ms;
    log_line("module " + name_ + ": starts " + entry.image.text());
  } catch (const Error& error) {
    feed_ = nullptr;
    failures_++;
    next_start_ = now_ms + restart_wait_ms(failures_);
    row_.error = error.text();
    parts_.state.save(row_);
    log_line("module " + name_ + ": " + error.text());
    if (trial && row_.trial_starts >= most_trial_starts) refuse(error.text());
  }
}

void ModuleKeeper::read(std::int64_t now_ms) {
  process_->lines.read(process_->container.output(), [&](const json::object& line) { take_line(line, now_ms); });
}

void ModuleKeeper::take_line(const json::object& line, std::int64_t now_ms) {
  if (auto* ready = line.if_contains("ready"); ready && ready->is_bool()) {
    if (!ready->get_bool()) {
      verdict_ = string_or(line, "error", "the module says that it is not ready");
      return;
    }
    process_->ready = true;
    log_line("module " + name_ + ": ready after " + std::to_string(now_ms - process_->started) + " ms");
    if (on_trial()) commit();
  } else if (auto* sketch = line.if_contains("sketch")) {
    batch_.set_sketch(*sketch);
    sketch_came_ = true;
  } else if (auto name = find_string(line, "name"); name && fs::path(*name).filename() == *name) {
    batch_.add(line, now_ms);
    if (line.contains("error")) unreadable_.push_back(*name);
    auto* answer = line.if_contains("answer");
    if (!answer) return;
    answered_++;
    auto desired = parts_.state.desired();
    auto* gather = find(desired, "gather");
    auto* mine = gather ? find(*gather, process_->entry.input) : nullptr;
    auto every = mine ? static_cast<std::int64_t>(find_number(*mine, "every").value_or(0)) : 0;
    if (every > 0 && answered_ % every == 0)
      samples_.push_back({line, "gather"});
    else if (is_uncertain(*answer, process_->entry.samples_below))
      samples_.push_back({line, "uncertain"});
  }
}

void ModuleKeeper::commit() {
  row_.former = row_.committed;
  row_.committed = row_.wanted;
  row_.error.clear();
  row_.trial_starts = 0;
  row_.restarts = 0;
  parts_.state.save(row_);
  log_line("module " + name_ + ": answered its golden inputs, now the committed one");
}

void ModuleKeeper::watch(std::int64_t now_ms) {
  auto& process = *process_;
  if (!verdict_.empty()) {
    if (on_trial()) {
      refuse(verdict_);
      return stop();
    }
    return ended(verdict_, now_ms);
  }
  if (!process.container.running()) {
    read(now_ms);  // what it wrote before it ended
    std::string words = process.container.last_words();
    return ended(
        "the module ended with " + std::to_string(process.container.exit_code()) + (words.empty() ? "" : ": " + words),
        now_ms);
  }
  if (!process.ready && now_ms - process.started > ready_within_ms)
    return ended("the module was not ready in 30 s", now_ms);
  if (process.ready && failures_ > 0 && now_ms - process.started > steady_after_ms) failures_ = 0;
  if (process.ready && !row_.refused && process.text == row_.wanted && !row_.error.empty()) {
    row_.error.clear();
    parts_.state.save(row_);
  }
}

void ModuleKeeper::ended(const std::string& why, std::int64_t now_ms) {
  bool trial = on_trial();
  log_line("module " + name_ + ": " + why);
  stop();
  failures_++;
  next_start_ = now_ms + restart_wait_ms(failures_);
  if (trial && row_.trial_starts >= most_trial_starts) return refuse(why);
  if (!trial) row_.restarts++;
  if (!row_.refused) row_.error = why;
  parts_.state.save(row_);
}

void ModuleKeeper::refuse(const std::string& why) {
  row_.refused = true;
  row_.error = why;
  parts_.state.save(row_);
  failures_ = 0;
  next_start_ = 0;
  log_line("module " + name_ + ": refused: " + why);
}

void ModuleKeeper::install_failed(const std::string& why, bool for_good, std::int64_t now_ms) {
  if (for_good && !row_.refused) return refuse(why);
  failures_++;
  next_install_ = now_ms + restart_wait_ms(failures_);
  if (!row_.refused) row_.error = why;
  parts_.state.save(row_);
  log_line("module " + name_ + ": " + why + "; tried again in " + std::to_string(restart_wait_ms(failures_)) + " ms");
}

void ModuleKeeper::stop() {
  if (!process_) return;
  try {
    process_->container.stop();
    read(now_ms());
    flush();
  } catch (const std::exception& error) {
    log_line("module " + name_ + ": its last answers: " + error.what());  // their inputs are still there
  }
  process_ = nullptr;
  feed_ = nullptr;
  batch_ = {};
  samples_.clear();
  unreadable_.clear();
}

void ModuleKeeper::flush() {
  auto& input = process_->input;
  std::vector<fs::path> files;
  for (auto& name : batch_.files()) files.push_back(input / name);
  json::value body = batch_.body();
  if (body.is_object()) {
    auto& fields = body.get_object();
    fields["module"] = name_;
    fields["image"] = process_->entry.image.text();
    fields["late"] = feed_ ? feed_->late() : 0;
    fields["dropped"] = feed_ ? feed_->dropped() : 0;
  }
  parts_.state.db().transaction([&] {
    if (body.is_object()) parts_.outbox.put("answers", body);
    put_samples();
    parts_.state.set_answered(name_, files);
  });
  if (feed_) feed_->take_counts();
  for (auto& name : unreadable_) set_aside(input / name);
  for (auto& file : files) remove_all(file);
  parts_.state.set_answered(name_, {});
  batch_ = {};
  sketch_came_ = false;
  samples_.clear();
  unreadable_.clear();
}

void ModuleKeeper::put_samples() {
  constexpr std::uintmax_t most_bytes = 4 << 20;
  for (auto& sample : samples_) {
    std::string name = get_string(sample.line, "name");
    fs::path file = process_->input / name;
    std::error_code gone;
    auto size = fs::file_size(file, gone);
    if (gone || size > most_bytes) continue;
    bool uncertain = std::string_view(sample.why) == "uncertain";
    if (uncertain && !parts_.state.take_sample_budget(name_, process_->entry.samples_per_day, now_ms())) continue;
    parts_.outbox.put("sample", {{"module", name_},
                                 {"image", process_->entry.image.text()},
                                 {"input", process_->entry.input},
                                 {"name", name},
                                 {"answer", sample.line.at("answer")},
                                 {"bytes", base64(read_file(file))},
                                 {"why", sample.why}});
  }
}

// Kept for a person to look at; the newest few.
void ModuleKeeper::set_aside(const fs::path& file) {
  constexpr std::size_t most_kept = 32;
  fs::path folder = parts_.state.folder() / "refused" / name_;
  make_folders(folder);
  std::error_code gone;
  fs::rename(file, folder / file.filename(), gone);
  if (gone) return;
  auto kept = waiting_inputs(folder);
  for (std::size_t i = 0; i + most_kept < kept.size(); i++) remove_all(folder / kept[i]);
}

std::optional<std::string> ModuleKeeper::input() const {
  if (process_) return process_->entry.input;
  if (row_.wanted.empty() || row_.refused) return {};
  return entry_of(name_, row_.wanted).input;
}

void ModuleKeeper::measure() {
  if (process_ && process_->ready) pss_mb_ = process_->container.pss_mb();
}

json::object ModuleKeeper::reported() {
  ModuleFacts now = facts();
  bool ready = process_ && process_->ready && process_->text == row_.wanted;
  auto image_of = [](const std::string& text) {
    return text.empty() ? "" : string_or(parse_json(text, "entry"), "image", "");
  };
  bool back = now.wanted_refused && now.has_committed;
  std::string image = image_of(back ? row_.committed : row_.wanted);
  json::object document{{"image", image},
                        {"state", state_of(now, ready)},
                        {"error", nullptr},
                        {"refused", nullptr},
                        {"downloaded_bytes", parts_.state.downloaded(image)},
                        {"pss_mb", pss_mb_},
                        {"restarts", row_.restarts}};
  if (!row_.error.empty()) document["error"] = row_.error;
  if (row_.refused) document["refused"] = image_of(row_.wanted);
  return document;
}

}  // namespace gyre

#include "edge/gatherer.hpp"

#include "base/file.hpp"
#include "base/hash.hpp"
#include "edge/input_folder.hpp"
#include "edge/module_entry.hpp"

namespace gyre {

void Gatherer::turn(const std::map<std::string, std::string>& inputs_with_modules) {
  json::object desired = state_.desired();
  auto* wanted = find(desired, "gather");
  if (!wanted || !wanted->is_object()) return;
  for (auto& [input, how] : wanted->get_object()) {
    std::string name(input);
    auto every = static_cast<std::int64_t>(find_number(how, "every").value_or(0));
    if (every > 0 && !inputs_with_modules.contains(name)) gather(name, every);
  }
}

void Gatherer::gather(const std::string& input, std::int64_t every) {
  constexpr std::size_t most_at_once = 64;
  check_plain_name(input, "input");
  fs::path folder = state_.folder() / "input" / input;
  make_folders(folder);
  auto names = waiting_inputs(folder);
  if (names.empty()) return;
  names.resize(std::min(names.size(), most_at_once));
  std::vector<fs::path> files;
  state_.db().transaction([&] {
    for (auto& name : names) {
      files.push_back(folder / name);
      if (seen_[input]++ % every != 0) continue;
      outbox_.put("sample",
                  {{"input", input}, {"name", name}, {"bytes", base64(read_file(files.back()))}, {"why", "gather"}});
    }
    state_.set_answered("input " + input, files);
  });
  for (auto& file : files) remove_all(file);
  state_.set_answered("input " + input, {});
}

}  // namespace gyre

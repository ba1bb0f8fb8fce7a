#include "edge/module_process.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "edge/log.hpp"

namespace gyre {

bool LineReader::read(int fd, const Take& take) {
  constexpr std::size_t most_pending = 1 << 20;
  char buffer[16384];
  bool any = false;
  while (true) {
    ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    any = true;
    pending_.append(buffer, static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      std::string_view line = std::string_view(pending_).substr(begin, end - begin);
      json::value value;
      try {
        value = parse_json(line, "a module's line");
      } catch (const Error& error) {
        log_line(error.text());
        continue;
      }
      if (value.is_object()) take(value.get_object());
    }
    pending_.erase(0, begin);
    if (pending_.size() > most_pending) {
      log_line("a module wrote a line of more than 1 MiB, left out");
      pending_.clear();
    }
  }
  return any;
}

std::vector<std::string> module_command(const json::object& image_config, const std::string& verb) {
  std::vector<std::string> command;
  auto* config = image_config.if_contains("config");
  auto* entrypoint = config ? find(*config, "Entrypoint") : nullptr;
  if (entrypoint && entrypoint->is_array())
    for (auto& word : entrypoint->get_array()) command.push_back(json::value_to<std::string>(word));
  if (command.empty()) command = {"/gyre/module"};
  // Of an image whose entrypoint has a verb, the program alone counts.
  command.resize(1);
  for (auto* word : {verb.c_str(), "--input", "/input", "--model", "/model/model.onnx"}) command.emplace_back(word);
  return command;
}

}  // namespace gyre

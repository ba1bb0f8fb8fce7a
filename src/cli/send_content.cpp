#include "cli/send_content.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/http_environment.hpp"
#include "cli/api.hpp"
#include "cli/terminal.hpp"
#include "store/tree.hpp"

namespace gyre {

namespace {

constexpr std::size_t piece_size = 8 << 20;  // what is sent again at most, and what is in memory
constexpr std::size_t asked_at_once = 1000;  // digests

std::string read_piece(const FileHandle& file, std::uint64_t from, const fs::path& path) {
  std::string piece(piece_size, '\0');
  std::size_t filled = 0;
  while (filled < piece.size()) {
    ssize_t count =
        ::pread(file.get(), piece.data() + filled, piece.size() - filled, static_cast<off_t>(from + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, path.string());
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  piece.resize(filled);
  return piece;
}

class Sending {
 public:
  explicit Sending(std::string url) : url_(std::move(url)), live_(is_terminal(STDOUT_FILENO)) {
    while (url_.ends_with('/')) url_.pop_back();
  }

  // Of these digests those that are not there, and how much of each is.
  std::map<std::string, std::uint64_t> missing(const json::array& digests) {
    json::value answer = ask("POST", "/api/blobs/missing", json::serialize(json::object{{"digests", digests}}));
    std::map<std::string, std::uint64_t> result;
    for (auto& item : answer.at("missing").as_array())
      result[get_string(item, "digest")] = static_cast<std::uint64_t>(get_int(item, "have"));
    return result;
  }

  void file(const fs::path& path, const std::string& digest, std::uint64_t have) {
    FileHandle handle = open_file(path, O_RDONLY);
    std::uint64_t size = fs::file_size(path), sent = std::min(have, size);
    do {
      std::string piece = read_piece(handle, sent, path);
      if (piece.empty() && sent < size)
        throw Error(Code::conflict, path.string() + " became shorter while it was sent", "send it again");
      ask("PUT", "/api/blobs/" + digest + "?from=" + std::to_string(sent) + "&size=" + std::to_string(size), piece);
      sent += piece.size();
      total_ += piece.size();
      live_.draw({"sending " + path.filename().string() + ": " + std::to_string(total_ >> 20) + " MB"});
    } while (sent < size);
  }

  void text(const std::string& bytes, const std::string& digest) { ask("PUT", "/api/blobs/" + digest, bytes); }

 private:
  json::value ask(std::string_view method, const std::string& path, std::string_view body) {
    return value_of(http_request(method, url_ + path, body, {}, options_), path);
  }

  std::string url_;
  HttpOptions options_ = http_options_from_environment();
  LiveLines live_;
  std::uint64_t total_ = 0;
};

std::string send_folder(Sending& sending, const fs::path& folder) {
  json::array files = files_of_folder(folder);
  for (std::size_t start = 0; start < files.size(); start += asked_at_once) {
    std::size_t end = std::min(files.size(), start + asked_at_once);
    json::array digests;
    for (std::size_t i = start; i < end; i++) digests.push_back(files[i].at("digest"));
    auto absent = sending.missing(digests);
    for (std::size_t i = start; i < end; i++)
      if (auto it = absent.find(get_string(files[i], "digest")); it != absent.end()) {
        sending.file(folder / get_string(files[i], "path"), it->first, it->second);
        absent.erase(it);  // the same content under another name is there now
      }
  }
  std::string text = tree_text(files), digest = digest_of(text);
  if (!sending.missing({json::value(digest)}).empty()) sending.text(text, digest);
  return digest;
}

}  // namespace

bool asks_elsewhere() {
  const char* url = std::getenv("GYRE_URL");
  return url && *url;
}

std::string send_content(const fs::path& path) {
  Sending sending(std::getenv("GYRE_URL"));
  if (fs::is_directory(path)) return send_folder(sending, path);
  std::string digest = digest_of_file(path);
  for (auto& [absent, have] : sending.missing({json::value(digest)})) sending.file(path, absent, have);
  return digest;
}

}  // namespace gyre

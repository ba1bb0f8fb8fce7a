#include "base/tar.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace gyre {

namespace {

constexpr std::size_t block_size = 512;
constexpr std::uint64_t largest_file = 077777777777;  // 11 octal digits

// Where the fields of a header lie.
struct Place {
  std::size_t at, size;
};
constexpr Place name_place{0, 100}, mode_place{100, 8}, user_place{108, 8}, group_place{116, 8}, size_place{124, 12},
    time_place{136, 12}, sum_place{148, 8}, kind_place{156, 1}, target_place{157, 100}, magic_place{257, 8},
    prefix_place{345, 155};

void put(std::string& block, Place place, std::string_view text) { block.replace(place.at, text.size(), text); }

void put_number(std::string& block, Place place, std::uint64_t value) {
  std::string digits(place.size - 1, '0');
  for (std::size_t i = digits.size(); i-- > 0; value >>= 3) digits[i] = static_cast<char>('0' + (value & 7));
  put(block, place, digits);
}

// The checksum is taken with its own field full of spaces.
std::uint64_t checksum(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block_size; i++) {
    bool own = i >= sum_place.at && i < sum_place.at + sum_place.size;
    sum += own ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return sum;
}

// A long path is cut at a '/' into prefix and name.
void put_path(std::string& block, const std::string& path) {
  if (path.size() <= name_place.size) return put(block, name_place, path);
  auto slash = path.find('/', path.size() - name_place.size - 1);
  if (slash == path.npos || slash == 0 || slash > prefix_place.size || slash + 1 == path.size())
    throw Error(Code::unsupported, path + ": the path is too long for an archive", "use shorter names");
  put(block, prefix_place, std::string_view(path).substr(0, slash));
  put(block, name_place, std::string_view(path).substr(slash + 1));
}

void send_padding(const ByteSink& sink, std::uint64_t size) {
  static const std::string zeros(block_size, '\0');
  if (std::uint64_t rest = size % block_size) sink(std::string_view(zeros).substr(rest));
}

void send_file(const ByteSink& sink, const fs::path& from, std::uint64_t size) {
  FileHandle file = open_file(from, O_RDONLY);
  std::string buffer(1 << 18, '\0');
  while (true) {
    ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(errno, from.string());
    if (static_cast<std::uint64_t>(n) > size || (n == 0 && size > 0))
      throw Error(Code::conflict, from.string() + " changed while it was archived");
    if (n == 0) return;
    sink({buffer.data(), static_cast<std::size_t>(n)});
    size -= static_cast<std::uint64_t>(n);
  }
}

std::string_view field_text(std::string_view block, Place place) {
  std::string_view text = block.substr(place.at, place.size);
  return text.substr(0, text.find('\0'));
}

// The parts of a path that stays below its root; empty when it does not.
bool is_inside(std::string_view path) {
  if (path.empty() || path.size() > 4096) return false;
  while (true) {
    auto slash = path.find('/');
    std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

// ".." only in front: behind a part that may itself be a link, it could climb out of the tree.
bool target_is_inside(std::string_view path, std::string_view target) {
  auto depth = std::count(path.begin(), path.end(), '/');
  while (target == ".." || target.starts_with("../")) {
    if (depth-- == 0) return false;
    target.remove_prefix(std::min<std::size_t>(3, target.size()));
  }
  return target.empty() || is_inside(target);
}

}  // namespace

void TarWriter::add(const std::string& path, Entry entry) {
  if (!is_inside(path)) throw Error(Code::invalid, "\"" + path + "\" cannot be a path in an archive");
  for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
    entries_.try_emplace(path.substr(0, slash), Entry{'5', 0755, {}, {}});
  entries_[path] = std::move(entry);
}

void TarWriter::folder(const std::string& path, unsigned mode) { add(path, {'5', mode, {}, {}}); }
void TarWriter::bytes(const std::string& path, std::string content, bool program) {
  add(path, {'0', program ? 0755u : 0644u, std::move(content), {}});
}
void TarWriter::file(const std::string& path, fs::path from, bool program) {
  add(path, {'0', program ? 0755u : 0644u, {}, std::move(from)});
}
void TarWriter::link(const std::string& path, const std::string& target) {
  if (!target_is_inside(path, target) || target.empty() || target.size() > target_place.size)
    throw Error(Code::invalid, path + ": a link to \"" + target + "\" leads out of the archive");
  add(path, {'2', 0777, target, {}});
}

void TarWriter::write(const ByteSink& sink) const {
  for (auto& [path, entry] : entries_) {
    std::uint64_t size = 0;
    if (entry.kind == '0') {
      std::error_code error;
      size = entry.from.empty() ? entry.text.size() : fs::file_size(entry.from, error);
      if (error) throw system_error(error.value(), entry.from.string());
      if (size > largest_file) throw Error(Code::unsupported, path + ": over 8 GiB, too large for an archive");
    }
    std::string block(block_size, '\0');
    put_path(block, entry.kind == '5' ? path + "/" : path);
    put_number(block, mode_place, entry.mode);
    put_number(block, user_place, 0);
    put_number(block, group_place, 0);
    put_number(block, size_place, size);
    put_number(block, time_place, 0);
    put(block, kind_place, {&entry.kind, 1});
    if (entry.kind == '2') put(block, target_place, entry.text);
    put(block, magic_place, std::string_view("ustar\00000", 8));
    put_number(block, {sum_place.at, sum_place.size - 1}, checksum(block));
    block[sum_place.at + 7] = ' ';
    sink(block);
    if (entry.kind != '0') continue;
    if (entry.from.empty())
      sink(entry.text);
    else
      send_file(sink, entry.from, size);
    send_padding(sink, size);
  }
  sink(std::string(2 * block_size, '\0'));
}

std::string TarWriter::text() const {
  std::string out;
  write([&](std::string_view part) { out += part; });
  return out;
}

TarReader::TarReader(OnEntry entry, ByteSink content, std::string where, TarLimits limits)
    : entry_(std::move(entry)), content_(std::move(content)), where_(std::move(where)), limits_(limits) {}

void TarReader::refuse(const std::string& what) const { throw Error(Code::invalid, where_ + ": " + what); }

void TarReader::add(std::string_view bytes) {
  auto take = [&](std::uint64_t most) {
    std::string_view part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(most, bytes.size())));
    bytes.remove_prefix(part.size());
    return part;
  };
  while (!bytes.empty()) {
    if (content_left_ > 0) {
      std::string_view part = take(content_left_);
      content_left_ -= part.size();
      content_(part);
    } else if (padding_left_ > 0) {
      padding_left_ -= take(padding_left_).size();
    } else {
      block_ += take(block_size - block_.size());
      if (block_.size() < block_size) return;
      header(block_);
      block_.clear();
    }
  }
}

void TarReader::header(std::string_view block) {
  if (block.find_first_not_of('\0') == block.npos) {
    empty_blocks_++;
    return;
  }
  if (empty_blocks_ > 0) refuse("data after the end of the archive");
  if (block.substr(magic_place.at, magic_place.size) != std::string_view("ustar\00000", 8))
    refuse("damaged, or no tar archive of the ustar kind");
  auto number = [&](Place place) {
    std::string_view text = block.substr(place.at, place.size);
    while (text.starts_with(' ')) text.remove_prefix(1);
    text = text.substr(0, text.find_first_of(std::string_view(" \0", 2)));
    if (text.empty() || text.size() > 11 || text.find_first_not_of("01234567") != text.npos)
      refuse("damaged: a header's number is none");
    std::uint64_t value = 0;
    for (char digit : text) value = value * 8 + static_cast<std::uint64_t>(digit - '0');
    return value;
  };
  if (number(sum_place) != checksum(block)) refuse("damaged: a header's checksum does not fit");

  TarEntry entry;
  entry.path = field_text(block, name_place);
  if (auto prefix = field_text(block, prefix_place); !prefix.empty())
    entry.path = std::string(prefix) + "/" + entry.path;
  std::string shown = entry.path;
  char kind = block[kind_place.at];
  while (entry.path.starts_with("./")) entry.path.erase(0, 2);
  while (kind == '5' && entry.path.ends_with("/")) entry.path.pop_back();
  if (kind == '5' && (entry.path.empty() || entry.path == ".")) return;  // the root itself
  if (!is_inside(entry.path)) refuse("the path \"" + shown + "\" leads out of the archive");
  entry.mode = static_cast<unsigned>(number(mode_place)) & 01777;
  if (kind == '0' || kind == '\0') {
    entry.kind = TarEntry::Kind::file;
    entry.size = number(size_place);
  } else if (kind == '5') {
    entry.kind = TarEntry::Kind::folder;
  } else if (kind == '2') {
    entry.kind = TarEntry::Kind::link;
    entry.target = field_text(block, target_place);
    if (entry.target.empty() || !target_is_inside(entry.path, entry.target))
      refuse("the link " + entry.path + " -> " + entry.target + " leads out of the archive");
  } else {
    refuse(entry.path + " is neither a file, a folder nor a symbolic link (kind " + std::string(1, kind) + ")");
  }
  if (limits_.entries-- == 0) refuse("more entries than are allowed");
  if (entry.size > limits_.bytes) refuse(entry.path + " exceeds the size that is allowed");
  limits_.bytes -= entry.size;
  entry_(entry);
  content_left_ = entry.size;
  padding_left_ = (block_size - entry.size % block_size) % block_size;
}

void TarReader::finish() {
  if (content_left_ > 0 || padding_left_ > 0 || !block_.empty() || empty_blocks_ < 2) refuse("cut off before its end");
}

}  // namespace gyre

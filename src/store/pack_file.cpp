#include "store/pack_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/hash.hpp"

namespace gyre {

static constexpr std::string_view mark = "gyre-pack-1\n";
static constexpr std::size_t row_size = 48;   // digest, offset, size
static constexpr std::size_t tail_size = 28;  // where the index is, how many rows, the mark again

static void put_number(std::string& to, std::uint64_t number) {
  for (int i = 0; i < 8; i++) to.push_back(static_cast<char>(number >> (8 * i)));
}

static std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (int i = 7; i >= 0; i--)
    number = number << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return number;
}

static std::array<char, 32> raw_digest(std::string_view digest) {
  if (!is_digest(digest))
    throw Error(Code::invalid, "\"" + std::string(digest) + "\" is no digest", "a digest is sha256: and 64 hex digits");
  auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::array<char, 32> raw;
  for (std::size_t i = 0; i < 32; i++)
    raw[i] = static_cast<char>(nibble(digest[7 + 2 * i]) << 4 | nibble(digest[8 + 2 * i]));
  return raw;
}

PackWriter::PackWriter(const std::filesystem::path& file)
    : path_(file), file_(open_file(file, O_WRONLY | O_CREAT | O_TRUNC)) {
  write(mark);
}

void PackWriter::write(std::string_view bytes) {
  waiting_ += bytes;
  end_ += bytes.size();
  if (waiting_.size() >= 1 << 20) flush();
}

void PackWriter::flush() {
  write_all(file_.get(), waiting_, path_);
  waiting_.clear();
}

std::string PackWriter::add(std::string_view bytes) {
  std::string digest = digest_of(bytes);
  add(digest, bytes);
  return digest;
}

void PackWriter::add(const std::string& digest, std::string_view bytes) {
  places_.push_back({raw_digest(digest), end_, bytes.size()});
  write(bytes);
}

void PackWriter::finish() {
  auto less = [](const Place& a, const Place& b) { return std::memcmp(a.digest.data(), b.digest.data(), 32) < 0; };
  std::stable_sort(places_.begin(), places_.end(), less);
  auto same = [](const Place& a, const Place& b) { return a.digest == b.digest; };
  places_.erase(std::unique(places_.begin(), places_.end(), same), places_.end());
  std::string index;
  for (auto& place : places_) {
    index.append(place.digest.data(), 32);
    put_number(index, place.offset);
    put_number(index, place.size);
  }
  put_number(index, end_);
  put_number(index, places_.size());
  index += mark;
  write(index);
  flush();
}

PackReader::PackReader(const std::filesystem::path& file) : path_(file), file_(file) {
  auto bytes = file_.bytes();
  Error broken(Code::invalid, file.string() + " is no pack, or not a whole one");
  if (bytes.size() < mark.size() + tail_size || !bytes.starts_with(mark) || !bytes.ends_with(mark)) throw broken;
  auto tail = bytes.substr(bytes.size() - tail_size);
  index_ = number_at(tail, 0);
  count_ = number_at(tail, 8);
  std::uint64_t end = bytes.size() - tail_size;
  if (index_ < mark.size() || index_ > end || count_ != (end - index_) / row_size || (end - index_) % row_size != 0)
    throw broken;
}

std::optional<PackReader::Found> PackReader::find(std::string_view digest) const {
  auto wanted = raw_digest(digest);
  std::uint64_t low = 0, high = count_;
  while (low < high) {
    std::uint64_t middle = (low + high) / 2;
    auto row = file_.bytes().substr(index_ + middle * row_size, row_size);
    int order = std::memcmp(row.data(), wanted.data(), 32);
    if (order == 0) {
      Found found{number_at(row, 32), number_at(row, 40)};
      if (found.offset > index_ || found.size > index_ - found.offset)
        throw Error(Code::invalid, path_.string() + ": a content lies outside of the file");
      return found;
    }
    (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
  }
  return {};
}

std::string PackReader::read(std::string_view digest) const {
  auto found = find(digest);
  if (!found) throw Error(Code::not_found, path_.string() + " holds no " + std::string(digest));
  std::string content(file_.bytes().substr(found->offset, found->size));
  if (digest_of(content) != digest)
    throw Error(Code::internal, path_.string() + ": the content of " + std::string(digest) + " is damaged");
  return content;
}

std::uint64_t PackReader::size(std::string_view digest) const {
  auto found = find(digest);
  if (!found) throw Error(Code::not_found, path_.string() + " holds no " + std::string(digest));
  return found->size;
}

}  // namespace gyre

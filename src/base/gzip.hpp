#pragma once
// gzip as values and as streams. The same bytes and level give the same output (no name, no time in the header); a
// stream that unpacks to more than it may is refused while it is read.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gyre {

using ByteSink = std::function<void(std::string_view bytes)>;

class Gzip {
 public:
  explicit Gzip(ByteSink sink, int level = 6);
  ~Gzip();
  void add(std::string_view bytes);
  void finish();  // nothing is whole before this

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

class Gunzip {
 public:
  // Error{invalid} naming `where`: no gzip, damaged, cut off, or more than `most_bytes` unpacked.
  Gunzip(ByteSink sink, std::uint64_t most_bytes, std::string where);
  ~Gunzip();
  void add(std::string_view bytes);
  void finish();  // refuses a stream that was cut off

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

std::string gzip(std::string_view bytes, int level = 6);
std::string gunzip(std::string_view bytes, std::uint64_t most_bytes, std::string where);

}  // namespace gyre

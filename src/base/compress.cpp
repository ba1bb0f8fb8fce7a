#include "base/compress.hpp"

#include <zlib.h>

#include <algorithm>

#include "base/error.hpp"

namespace gyre {

std::string deflate_bytes(std::string_view bytes) {
  // Few bytes need no window of 32 kB: clearing it would take most of the time.
  bool few = bytes.size() <= 1 << 12;
  z_stream stream{};
  if (::deflateInit2(&stream, 9, Z_DEFLATED, few ? 12 : 15, few ? 5 : 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error(Code::internal, "zlib does not start");
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int result = ::deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  ::deflateEnd(&stream);
  if (result != Z_STREAM_END) throw Error(Code::internal, "zlib could not compress: " + std::to_string(result));
  return out;
}

namespace {
struct Inflater {
  z_stream stream{};
  Inflater() {
    if (::inflateInit(&stream) != Z_OK) throw Error(Code::internal, "zlib does not start");
  }
  ~Inflater() { ::inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
};
}  // namespace

std::string inflate_bytes(std::string_view bytes, std::size_t limit) {
  Inflater inflater;
  auto& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  while (true) {
    std::size_t have = out.size();
    out.resize(std::min(limit, std::max<std::size_t>(4096, have * 2)));
    if (out.size() == have)
      throw Error(Code::invalid, "compressed bytes grow over " + std::to_string(limit) + " bytes");
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
    stream.avail_out = static_cast<uInt>(out.size() - have);
    int result = ::inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (result == Z_STREAM_END) return out;
    if (result != Z_OK && !(result == Z_BUF_ERROR && stream.avail_out == 0))
      throw Error(Code::invalid, "compressed bytes are damaged or cut off");
    if (stream.avail_out > 0 && stream.avail_in == 0) throw Error(Code::invalid, "compressed bytes are cut off");
  }
}

}  // namespace gyre

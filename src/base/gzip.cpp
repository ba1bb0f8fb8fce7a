#include "base/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/error.hpp"

namespace gyre {

static constexpr std::size_t piece = 1 << 16;
static constexpr int gzip_or_zlib = 15 + 32;
static constexpr int with_gzip_header = 15 + 16;

// Calls `work(n)` for parts that zlib's 32-bit counts can hold.
template <class Work>
static void in_parts(z_stream& stream, std::string_view bytes, Work work) {
  while (!bytes.empty()) {
    std::size_t size = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max() / 2);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(size);
    work();
    bytes.remove_prefix(size);
  }
}

struct Gzip::Body {
  ByteSink sink;
  z_stream stream{};
  gz_header header{};
  std::array<char, piece> out;

  void run(int flush) {
    int result = Z_OK;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = piece;
      result = deflate(&stream, flush);
      if (result == Z_STREAM_ERROR) throw Error(Code::internal, "gzip: the stream's state is broken");
      if (std::size_t size = piece - stream.avail_out) sink({out.data(), size});
    } while (stream.avail_out == 0 || (flush == Z_FINISH && result != Z_STREAM_END));
  }
};

Gzip::Gzip(ByteSink sink, int level) : body_(std::make_unique<Body>()) {
  body_->sink = std::move(sink);
  if (deflateInit2(&body_->stream, level, Z_DEFLATED, with_gzip_header, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error(Code::internal, "gzip: cannot start at level " + std::to_string(level));
  body_->header.os = 255;  // unknown: zlib would write the system it was built for
  deflateSetHeader(&body_->stream, &body_->header);
}
Gzip::~Gzip() { deflateEnd(&body_->stream); }

void Gzip::add(std::string_view bytes) {
  in_parts(body_->stream, bytes, [&] { body_->run(Z_NO_FLUSH); });
}
void Gzip::finish() { body_->run(Z_FINISH); }

struct Gunzip::Body {
  ByteSink sink;
  std::uint64_t left;
  std::string where;
  z_stream stream{};
  bool any = false;
  bool ended = false;  // at the end of a member; another may follow
  std::array<char, piece> out;

  void run() {
    bool more = false;  // output that did not fit yet
    while (stream.avail_in > 0 || more) {
      if (ended) {  // gzip files may be joined end to end
        inflateReset(&stream);
        ended = false;
      }
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = piece;
      int result = inflate(&stream, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        throw Error(Code::invalid,
                    where + ": damaged, or no gzip" + (stream.msg ? std::string(" (") + stream.msg + ")" : ""));
      std::size_t size = piece - stream.avail_out;
      if (size > left) throw Error(Code::invalid, where + ": unpacks to more than is allowed");
      left -= size;
      if (size) sink({out.data(), size});
      ended = result == Z_STREAM_END;
      more = !ended && stream.avail_out == 0;
      if (result == Z_BUF_ERROR) return;  // wants more input
    }
  }
};

Gunzip::Gunzip(ByteSink sink, std::uint64_t most_bytes, std::string where) : body_(std::make_unique<Body>()) {
  body_->sink = std::move(sink);
  body_->left = most_bytes;
  body_->where = std::move(where);
  if (inflateInit2(&body_->stream, gzip_or_zlib) != Z_OK) throw Error(Code::internal, "gzip: cannot start");
}
Gunzip::~Gunzip() { inflateEnd(&body_->stream); }

void Gunzip::add(std::string_view bytes) {
  if (!bytes.empty()) body_->any = true;
  in_parts(body_->stream, bytes, [&] { body_->run(); });
}

void Gunzip::finish() {
  if (!body_->any) throw Error(Code::invalid, body_->where + ": empty, no gzip");
  if (!body_->ended) throw Error(Code::invalid, body_->where + ": cut off before its end");
}

std::string gzip(std::string_view bytes, int level) {
  std::string out;
  Gzip stream([&](std::string_view part) { out += part; }, level);
  stream.add(bytes);
  stream.finish();
  return out;
}

std::string gunzip(std::string_view bytes, std::uint64_t most_bytes, std::string where) {
  std::string out;
  Gunzip stream([&](std::string_view part) { out += part; }, most_bytes, std::move(where));
  stream.add(bytes);
  stream.finish();
  return out;
}

}  // namespace gyre

#pragma once
// The bytes that came and were not used yet, in one piece.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace gyre {

class ByteBuffer {
 public:
  static constexpr std::size_t usual = 16 << 10;
  static constexpr std::size_t alignment = 64;

  const char* data() const { return memory_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::string_view view() const { return {data(), size()}; }
  char* room() { return memory_.get() + end_; }
  std::size_t room_size() const { return capacity_ - end_; }
  void added(std::size_t count) { end_ += count; }
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = rest_;
  }
  // So that `total` bytes from the first one fit; where bytes move, byte `aligned` comes to lie on a multiple of 64,
  // and so it does for what comes next, if it is like this.
  void fit(std::size_t total, std::size_t aligned = 0) {
    std::size_t shift = (alignment - aligned % alignment) % alignment;
    if (begin_ + total <= capacity_ && (rest_ == shift || total < usual)) return;
    if (shift + total <= capacity_) {
      std::memmove(memory_.get() + shift, data(), size());
    } else {
      std::size_t capacity = (shift + total + alignment - 1) / alignment * alignment;
      Memory larger(static_cast<char*>(std::aligned_alloc(alignment, capacity)));
      if (!larger) throw std::bad_alloc();
      if (size()) std::memcpy(larger.get() + shift, data(), size());
      memory_ = std::move(larger);
      capacity_ = capacity;
    }
    end_ = shift + size();
    begin_ = rest_ = shift;
  }
  void release() {
    memory_.reset();
    begin_ = end_ = capacity_ = rest_ = 0;
  }
  std::size_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<char, Free>;
  Memory memory_;
  std::size_t begin_ = 0, end_ = 0, capacity_ = 0;
  std::size_t rest_ = 0;  // where the next bytes begin when all are used
};

}  // namespace gyre

#include "store/merkle.hpp"

#include <bit>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace gyre {

std::string_view bytes_of(const MerkleHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

MerkleHash merkle_leaf(std::string_view entry) { return Sha256().add(std::string_view("\0", 1)).add(entry).bytes(); }

MerkleHash merkle_node(const MerkleHash& left, const MerkleHash& right) {
  char both[65] = {1};
  bytes_of(left).copy(both + 1, 32);
  bytes_of(right).copy(both + 33, 32);
  return Sha256().add({both, sizeof both}).bytes();
}

MerkleHash merkle_empty() { return Sha256().bytes(); }

std::string to_hex(const MerkleHash& hash) { return hex(bytes_of(hash)); }

MerkleHash merkle_hash_from_hex(std::string_view text) {
  auto digit = [&](char c) {
    auto value = std::string_view("0123456789abcdef").find(c);
    if (value == std::string_view::npos) throw Error(Code::invalid, "\"" + std::string(text) + "\" is no hash in hex");
    return static_cast<std::uint8_t>(value);
  };
  MerkleHash hash;
  if (text.size() != 2 * hash.size()) throw Error(Code::invalid, "\"" + std::string(text) + "\" is no hash in hex");
  for (std::size_t i = 0; i < hash.size(); i++)
    hash[i] = static_cast<std::uint8_t>(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
  return hash;
}

void MerkleFrontier::add(MerkleHash hash, std::size_t level) {
  for (; level < complete_.size() && complete_[level]; level++) {
    hash = merkle_node(*complete_[level], hash);
    complete_[level].reset();
  }
  if (complete_.size() <= level) complete_.resize(level + 1);
  complete_[level] = hash;
}

MerkleHash MerkleFrontier::root() const {
  std::optional<MerkleHash> root;
  for (auto& part : complete_)
    if (part) root = root ? merkle_node(*part, *root) : *part;
  return root ? *root : merkle_empty();
}

// The largest power of two below n: where RFC 9162 splits n leaves.
static std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

MerkleHash MerkleTree::range(std::uint64_t begin, std::uint64_t end) const {
  std::uint64_t count = end - begin;
  int bits = std::countr_zero(count);
  if (std::has_single_bit(count) && begin % count == 0 && bits % 8 == 0)
    return source_(static_cast<std::size_t>(bits / 8), begin >> bits);
  std::uint64_t left = split(count);
  return merkle_node(range(begin, begin + left), range(begin + left, end));
}

std::vector<MerkleHash> MerkleTree::inclusion(std::uint64_t leaf) const {
  if (leaf >= size_) throw Error(Code::invalid, "a tree of " + std::to_string(size_) + " has no such leaf");
  std::vector<MerkleHash> path;
  auto walk = [&](auto&& self, std::uint64_t begin, std::uint64_t end) -> void {
    if (end - begin == 1) return;
    std::uint64_t middle = begin + split(end - begin);
    if (leaf < middle) {
      self(self, begin, middle);
      path.push_back(range(middle, end));
    } else {
      self(self, middle, end);
      path.push_back(range(begin, middle));
    }
  };
  walk(walk, 0, size_);
  return path;
}

std::vector<MerkleHash> MerkleTree::consistency(std::uint64_t former) const {
  if (former < 1 || former > size_)
    throw Error(Code::invalid, "a tree of " + std::to_string(size_) + " was never one of " + std::to_string(former));
  std::vector<MerkleHash> path;
  // `known`: the former tree's root is this subtree, which who asks has already.
  auto walk = [&](auto&& self, std::uint64_t begin, std::uint64_t end, std::uint64_t wanted, bool known) -> void {
    if (wanted == end - begin) {
      if (!known) path.push_back(range(begin, end));
      return;
    }
    std::uint64_t left = split(end - begin);
    if (wanted <= left) {
      self(self, begin, begin + left, wanted, known);
      path.push_back(range(begin + left, end));
    } else {
      self(self, begin + left, end, wanted - left, false);
      path.push_back(range(begin, begin + left));
    }
  };
  walk(walk, 0, size_, former, true);
  return path;
}

}  // namespace gyre

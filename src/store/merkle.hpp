#pragma once
// Merkle trees as RFC 9162 (2.1) hashes them: a leaf is SHA-256(0x00 || entry), a node SHA-256(0x01 || left || right).
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

using MerkleHash = std::array<std::uint8_t, 32>;
MerkleHash merkle_leaf(std::string_view entry);
MerkleHash merkle_node(const MerkleHash& left, const MerkleHash& right);
MerkleHash merkle_empty();  // the root of no entries

std::string to_hex(const MerkleHash& hash);
std::string_view bytes_of(const MerkleHash& hash);
MerkleHash merkle_hash_from_hex(std::string_view text);  // Error{invalid} when it is none

// The complete subtrees of a tree that grows: one hash for each bit of its size.
class MerkleFrontier {
 public:
  void add(MerkleHash hash, std::size_t level = 0);  // a complete subtree of 2^level leaves; all before it are whole
  MerkleHash root() const;

 private:
  std::vector<std::optional<MerkleHash>> complete_;  // by level
};

// Proofs over a tree whose hashes lie elsewhere. Leaves and complete subtrees of 256, 256^2 ... leaves are asked for,
// with level 0, 1, 2 ...; what lies between is computed.
class MerkleTree {
 public:
  using Source = std::function<MerkleHash(std::size_t level, std::uint64_t position)>;
  MerkleTree(std::uint64_t size, Source source) : size_(size), source_(std::move(source)) {}
  MerkleHash root() const { return size_ ? range(0, size_) : merkle_empty(); }
  // RFC 9162, 2.1.3.1 and 2.1.4.1, over the first `size` leaves of the tree: by what a leaf, or an earlier tree of
  // `former` leaves, leads to the root.
  std::vector<MerkleHash> inclusion(std::uint64_t leaf) const;
  std::vector<MerkleHash> consistency(std::uint64_t former) const;

 private:
  MerkleHash range(std::uint64_t begin, std::uint64_t end) const;
  std::uint64_t size_;
  Source source_;
};

}  // namespace gyre

#include "store/merkle.hpp"

#include <doctest/doctest.h>

using namespace gyre;

namespace {

MerkleHash leaf(std::uint64_t i) { return merkle_leaf("entry " + std::to_string(i)); }

// The definition of RFC 9162, 2.1.1, word by word: the oracle.
MerkleHash plain_root(std::uint64_t begin, std::uint64_t end) {
  if (begin == end) return merkle_empty();
  if (end - begin == 1) return leaf(begin);
  std::uint64_t k = 1;
  while (k * 2 < end - begin) k *= 2;
  return merkle_node(plain_root(begin, begin + k), plain_root(begin + k, end));
}

MerkleTree tree_of(std::uint64_t size) {
  return {size, [](std::size_t level, std::uint64_t position) {
            std::uint64_t count = std::uint64_t{1} << (8 * level);
            return plain_root(position * count, (position + 1) * count);
          }};
}

// RFC 9162, 2.1.3.2.
bool fits(std::uint64_t index, std::uint64_t size, const std::vector<MerkleHash>& path, const MerkleHash& root) {
  std::uint64_t fn = index, sn = size - 1;
  MerkleHash r = leaf(index);
  for (auto& p : path) {
    if (sn == 0) return false;
    if (fn % 2 || fn == sn) {
      r = merkle_node(p, r);
      while (fn % 2 == 0 && fn != 0) fn >>= 1, sn >>= 1;
    } else {
      r = merkle_node(r, p);
    }
    fn >>= 1, sn >>= 1;
  }
  return sn == 0 && r == root;
}

// RFC 9162, 2.1.4.2.
bool consistent(std::uint64_t first, std::uint64_t second, std::vector<MerkleHash> path, const MerkleHash& first_root,
                const MerkleHash& second_root) {
  if (first == second) return path.empty() && first_root == second_root;
  if ((first & (first - 1)) == 0) path.insert(path.begin(), first_root);
  std::uint64_t fn = first - 1, sn = second - 1;
  while (fn % 2) fn >>= 1, sn >>= 1;
  MerkleHash fr = path.at(0), sr = path.at(0);
  for (std::size_t i = 1; i < path.size(); i++) {
    if (sn == 0) return false;
    if (fn % 2 || fn == sn) {
      fr = merkle_node(path[i], fr);
      sr = merkle_node(path[i], sr);
      while (fn % 2 == 0 && fn != 0) fn >>= 1, sn >>= 1;
    } else {
      sr = merkle_node(sr, path[i]);
    }
    fn >>= 1, sn >>= 1;
  }
  return sn == 0 && fr == first_root && sr == second_root;
}

}  // namespace

TEST_CASE("the hashes of RFC 9162's own example values") {
  // No entries: SHA-256 of nothing. One empty entry: SHA-256 of one zero byte.
  CHECK(to_hex(merkle_empty()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(merkle_leaf("")) == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  CHECK(merkle_hash_from_hex(to_hex(leaf(3))) == leaf(3));
  CHECK_THROWS(merkle_hash_from_hex("xyz"));
}

TEST_CASE("roots and proofs of every small tree, and of ones with whole tiles") {
  MerkleFrontier growing;
  for (std::uint64_t size = 1; size <= 600; size++) {
    growing.add(leaf(size - 1));
    MerkleHash root = plain_root(0, size);
    CHECK(growing.root() == root);
    bool thorough = size <= 40 || size == 256 || size == 257 || size == 600;
    if (!thorough) continue;
    CHECK(tree_of(size).root() == root);
    for (std::uint64_t i = 0; i<size; i += size> 40 ? 37 : 1) {
      auto path = tree_of(size).inclusion(i);
      CHECK(fits(i, size, path, root));
      if (!path.empty()) {
        path[0][0] ^= 1;
        CHECK_FALSE(fits(i, size, path, root));
      }
      CHECK(consistent(i + 1, size, tree_of(size).consistency(i + 1), plain_root(0, i + 1), root));
    }
  }
  CHECK_THROWS(tree_of(5).inclusion(5));
  CHECK_THROWS(tree_of(5).consistency(6));
}

TEST_CASE("a frontier takes whole subtrees") {
  MerkleFrontier frontier;
  frontier.add(plain_root(0, 256), 8);
  frontier.add(plain_root(256, 512), 8);
  frontier.add(leaf(512));
  CHECK(frontier.root() == plain_root(0, 513));
}

// Reads a whole audit log and says what is wrong with it.
#include <algorithm>

#include "base/file.hpp"
#include "store/audit.hpp"
#include "store/signed_note.hpp"

namespace gyre {

namespace {

constexpr std::size_t most_findings = 100;    // that are told; the others are counted
constexpr std::size_t most_suspects = 1'000;  // altered entries that are looked at for a change of order

std::string span(std::uint64_t first, std::uint64_t last) {
  return first == last ? "entry " + std::to_string(first)
                       : "entries " + std::to_string(first) + " to " + std::to_string(last);
}

class Verifier {
 public:
  explicit Verifier(Rows& rows) : rows_(rows) {}

  void know(const Checkpoint& checkpoint) {
    auto [at, end] = checkpoints_.equal_range(checkpoint.size);
    for (; at != end; ++at)
      if (at->second == checkpoint.root) return;
    checkpoints_.emplace(checkpoint.size, checkpoint.root);
  }
  void find(std::string_view kind, std::uint64_t first, std::uint64_t last, std::string text) {
    count_++;
    if (findings_.size() < most_findings)
      findings_.push_back(json::object{{"kind", kind}, {"first", first}, {"last", last}, {"text", std::move(text)}});
  }

  // `last`: what is appended from now on is left to the next time.
  void walk(std::int64_t last) {
    for (std::int64_t after = std::numeric_limits<std::int64_t>::min();;) {
      auto page = rows_.query("SELECT * FROM audit WHERE id > $1 AND id <= $2 ORDER BY id LIMIT 4096", {after, last});
      if (page.empty()) break;
      for (auto& row : page) take(row);
      after = get_int(page.back(), "id");
    }
    name_suspects();
    std::uint64_t most = checkpoints_.empty() ? 0 : checkpoints_.rbegin()->first;
    if (auto row = rows_.one("SELECT max(position) + 1 AS n FROM audit_tile WHERE level = 1"); gyre::find(*row, "n"))
      most = std::max(most, static_cast<std::uint64_t>(get_int(*row, "n")) * 256);
    if (size_ < most) find("removed", size_ + 1, most, span(size_ + 1, most) + " removed");
  }

  json::object report() {
    std::uint64_t covered = checkpoints_.empty() ? 0 : std::min(checkpoints_.rbegin()->first, size_);
    return {{"good", count_ == 0},
            {"entries", size_},
            {"checkpoints", checkpoints_.size()},
            {"unsigned", size_ - covered},
            {"root", to_hex(all_.root())},
            {"findings_total", count_},
            {"findings", findings_}};
  }

 private:
  struct Suspect {
    AuditEntry entry;
    std::string leaf;
  };
  struct Difference {  // of a root, with every entry fitting to its own hash
    std::uint64_t first, last;
    std::string how;
  };

  void take(const Row& row) {
    AuditEntry entry = audit_entry_from(row);
    if (entry.id < 1) return find("foreign", 0, 0, "an entry with the id " + std::to_string(entry.id) + " added");
    std::uint64_t id = static_cast<std::uint64_t>(entry.id);
    if (id > size_ + 1) {
      find("removed", size_ + 1, id - 1, span(size_ + 1, id - 1) + " removed");
      skip_to(id - 1);
    }
    std::string leaf = get_string(row, "leaf");
    if (to_hex(leaf_of(entry)) != leaf) {
      if (suspects_.size() < most_suspects)
        suspects_.emplace(id, Suspect{std::move(entry), leaf});
      else
        find("altered", id, id, span(id, id) + " altered");
    }
    add_leaf(leaf);
  }

  // A leaf that is no hash at all leaves a hole, like one that is gone.
  void add_leaf(const std::string& leaf) {
    try {
      MerkleHash hash = merkle_hash_from_hex(leaf);
      tile_.add(hash);
      if (known_) all_.add(hash);
    } catch (const Error&) {
      whole_ = false;
      known_ = false;
    }
    size_++;
    if (size_ % 256 == 0) end_tile();
    check_root();
  }

  void skip_to(std::uint64_t size) {
    while (size_ < size) {
      whole_ = known_ = false;
      size_++;
      if (size_ % 256 == 0) end_tile();
    }
  }

  // Compares with the hash that was kept when the tile became whole; that goes on where entries are missing.
  void end_tile() {
    std::uint64_t number = size_ / 256 - 1;
    auto row = rows_.one("SELECT hash FROM audit_tile WHERE level = 1 AND position = $1", {number});
    if (!row)
      find("hash", size_ - 255, size_, "the kept hash of " + span(size_ - 255, size_) + " removed");
    else if (whole_ && to_hex(tile_.root()) != get_string(*row, "hash"))
      differ_at(size_ - 255, " together with its hash");
    if (row) {
      tiles_.add(merkle_hash_from_hex(get_string(*row, "hash")), 8);
      all_ = tiles_;
      known_ = true;
    }
    tile_ = {};
    whole_ = true;
  }

  void check_root() {
    auto [at, end] = checkpoints_.equal_range(size_);
    if (at == end || !known_) return;  // not known: entries before it are missing, and named
    for (; at != end && !differs_; ++at) {
      if (all_.root() == at->second) continue;
      differ_at(trusted_ + 1,
                ": the checkpoint of " + std::to_string(size_) + " entries was signed over something else");
      differs_ = true;  // so will all after it
    }
    if (!differs_) trusted_ = size_;
  }

  void differ_at(std::uint64_t first, const std::string& how) { differences_.push_back({first, size_, how}); }

  // An entry at another's place hashes to what stands at that place, or carries that hash with it.
  void name_suspects() {
    std::vector<std::uint64_t> carried;  // those whose hashes came with them: they explain what a root differs by
    for (auto& [id, suspect] : suspects_) {
      std::uint64_t written = 0;
      auto was = [&](std::uint64_t other) {
        AuditEntry moved = suspect.entry;
        moved.id = static_cast<std::int64_t>(other);
        std::string leaf = to_hex(leaf_of(moved));
        auto there = suspects_.find(other);
        if (leaf == suspect.leaf) carried.push_back(id);
        if (leaf == suspect.leaf || (there != suspects_.end() && leaf == there->second.leaf)) written = other;
      };
      if (id > 1) was(id - 1);
      if (!written) was(id + 1);
      for (auto& [other, there] : suspects_)
        if (!written && other != id) was(other);
      if (written)
        find("reordered", id, id, span(id, id) + " reordered: it was written as entry " + std::to_string(written));
      else
        find("altered", id, id, span(id, id) + " altered");
    }
    for (auto& [first, last, how] : differences_)
      if (std::none_of(carried.begin(), carried.end(), [&](auto id) { return id >= first && id <= last; }))
        find("altered", first, last, (first == last ? "" : "one of ") + span(first, last) + " altered" + how);
  }

  Rows& rows_;
  std::multimap<std::uint64_t, MerkleHash> checkpoints_;
  json::array findings_;
  std::uint64_t count_ = 0, size_ = 0, trusted_ = 0;
  MerkleFrontier all_, tiles_, tile_;
  bool whole_ = true;  // the tile so far
  bool known_ = true;  // all_ is the root of what was read
  bool differs_ = false;
  std::map<std::uint64_t, Suspect> suspects_;
  std::vector<Difference> differences_;
};

}  // namespace

json::object AuditLog::verify(const std::vector<std::string>& former) {
  const std::string public_pem = key().public_pem;
  Verifier verifier(rows_);
  auto know = [&](const std::string& note, std::uint64_t size) {
    try {
      verifier.know(read_note(note, public_pem));
    } catch (const Error& error) {
      verifier.find("checkpoint", size, size, error.text());
    }
  };
  std::int64_t last = 0;
  rows_.transaction([&] {
    last = static_cast<std::int64_t>(size());
    for (auto& row : rows_.query("SELECT size, note FROM audit_checkpoint ORDER BY size"))
      know(get_string(row, "note"), static_cast<std::uint64_t>(get_int(row, "size")));
  });
  if (fs::exists(keys_ / "audit-checkpoint")) know(read_file(keys_ / "audit-checkpoint"), 0);
  for (auto& note : former) know(note, 0);
  verifier.walk(last);
  return verifier.report();
}

}  // namespace gyre

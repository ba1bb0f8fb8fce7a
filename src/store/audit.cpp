#include "store/audit.hpp"

#include <chrono>
#include <map>

#include "base/acting_from.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "store/row_batch.hpp"
#include "store/signed_note.hpp"

namespace gyre {

AuditEntry audit_entry_from(const Row& row) {
  return {.id = get_int(row, "id"),
          .at = get_int(row, "at"),
          .who = get_string(row, "who"),
          .origin = get_string(row, "origin"),
          .action = get_string(row, "action"),
          .subject = get_string(row, "subject"),
          .before = get_string(row, "before"),
          .after = get_string(row, "after")};
}

MerkleHash leaf_of(const AuditEntry& entry) {
  return merkle_leaf(canonical(json::array{entry.id, entry.at, entry.who, entry.origin, entry.action, entry.subject,
                                           entry.before, entry.after}));
}

json::object to_json(const AuditEntry& entry) {
  auto value = [&](const std::string& text) {
    json::error_code no_json;  // somebody may have altered it
    json::value parsed = json::parse(text, no_json);
    return no_json ? json::value(text) : parsed;
  };
  return {{"id", entry.id},
          {"at", entry.at},
          {"who", entry.who},
          {"from", entry.origin},
          {"action", entry.action},
          {"subject", entry.subject},
          {"before", value(entry.before)},
          {"after", value(entry.after)}};
}

AuditLog::AuditLog(Rows& rows, std::filesystem::path keys) : rows_(rows), keys_(std::move(keys)) {
  auto newest = newest_checkpoint();
  std::lock_guard lock(mutex_);
  if (size() > (newest ? newest->first : 0)) start_sealing();  // what a killed process left unsigned
}

void AuditLog::start_sealing() {
  unsigned_ = true;
  if (!sealing_.joinable() && !ending_) sealing_ = std::thread([this] { keep_sealing(); });
}

AuditLog::~AuditLog() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (sealing_.joinable()) sealing_.join();
}

std::uint64_t AuditLog::size() {
  std::uint64_t size = 0;
  rows_.each("SELECT id FROM audit ORDER BY id DESC LIMIT 1", {},
             [&](const SqlColumns& row) { size = static_cast<std::uint64_t>(row.integer(0)); });
  return size;
}

void AuditLog::append(std::string_view who, std::string_view action, std::string_view subject,
                      const json::value& before, const json::value& after) {
  rows_.transaction([&] {
    AuditEntry entry{.id = static_cast<std::int64_t>(size()) + 1,
                     .at = now_ms(),
                     .who = std::string(who),
                     .origin = ActingFrom::now(),
                     .action = std::string(action),
                     .subject = std::string(subject),
                     .before = canonical(before),
                     .after = canonical(after)};
    rows_.run("INSERT INTO audit VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
              {entry.id, entry.at, entry.who, entry.origin, entry.action, entry.subject, entry.before, entry.after,
               to_hex(leaf_of(entry))});
    add_tiles(static_cast<std::uint64_t>(entry.id));
  });
  std::lock_guard lock(mutex_);
  start_sealing();
}

void AuditLog::append(std::string_view who, std::string_view action, std::span<const AuditNews> news) {
  if (news.empty()) return;
  rows_.transaction([&] {
    AuditEntry entry{.id = static_cast<std::int64_t>(size()),
                     .at = now_ms(),
                     .who = std::string(who),
                     .origin = ActingFrom::now(),
                     .action = std::string(action),
                     .before = "null"};
    RowBatch batch(rows_, "INSERT INTO audit", 9);
    for (auto& one : news) {
      entry.id++;
      entry.subject = one.subject;
      entry.after = canonical(one.after);
      batch.add({entry.id, entry.at, entry.who, entry.origin, entry.action, entry.subject, entry.before, entry.after,
                 to_hex(leaf_of(entry))});
      if (entry.id % 256 != 0) continue;
      batch.flush();
      add_tiles(static_cast<std::uint64_t>(entry.id));
    }
    batch.flush();
  });
  std::lock_guard lock(mutex_);
  start_sealing();
}

// What the entries' hashes are when 256 of them, or of the tiles below, have become whole.
void AuditLog::add_tiles(std::uint64_t size) {
  for (std::int64_t level = 1; size % 256 == 0 && size > 0; level++, size /= 256) {
    MerkleFrontier whole;
    std::uint64_t first = size - 256;
    for (auto& row : level == 1 ? rows_.query("SELECT leaf AS hash FROM audit WHERE id > $1 ORDER BY id", {first})
                                : rows_.query("SELECT hash FROM audit_tile WHERE level = $1 AND position >= $2"
                                              " ORDER BY position",
                                              {level - 1, first}))
      whole.add(merkle_hash_from_hex(get_string(row, "hash")));
    rows_.run("INSERT INTO audit_tile VALUES ($1, $2, $3)", {level, size / 256 - 1, to_hex(whole.root())});
  }
}

MerkleTree AuditLog::tree(std::uint64_t size) {
  // Neighbours are asked for together: 256 of a kind are read at once.
  auto read = std::make_shared<std::map<std::pair<std::size_t, std::uint64_t>, std::vector<MerkleHash>>>();
  return {size, [this, read](std::size_t level, std::uint64_t position) {
            std::uint64_t first = position / 256 * 256;
            auto [at, fresh] = read->try_emplace({level, first});
            if (fresh)
              for (auto& row :
                   level == 0 ? rows_.query("SELECT leaf AS hash FROM audit WHERE id > $1 AND id <= $2 ORDER BY id",
                                            {first, first + 256})
                              : rows_.query("SELECT hash FROM audit_tile WHERE level = $1 AND position >= $2"
                                            " AND position < $3 ORDER BY position",
                                            {level, first, first + 256}))
                at->second.push_back(merkle_hash_from_hex(get_string(row, "hash")));
            if (position - first >= at->second.size())
              throw Error(Code::internal, "the audit log lacks hashes of its entries", "gyre audit verify names them");
            return at->second[position - first];
          }};
}

const SigningKey& AuditLog::key() {
  std::lock_guard lock(mutex_);
  if (!key_) {
    fs::path file = keys_ / "audit.pem";
    if (!fs::exists(file)) {
      SigningKey made = make_signing_key();
      write_file(keys_ / "audit.pub", made.public_pem);
      write_file(file, made.private_pem, 0600);
    }
    key_ = signing_key_from(read_file(file));
  }
  return *key_;
}

std::optional<std::pair<std::uint64_t, std::string>> AuditLog::newest_checkpoint() {
  auto row = rows_.one("SELECT size, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1");
  if (!row) return {};
  return std::pair{static_cast<std::uint64_t>(get_int(*row, "size")), get_string(*row, "note")};
}

// Whether the log still says what the checkpoint said. One that it contradicts is evidence, and is kept.
bool AuditLog::still_fits(std::uint64_t former_size, const std::string& note) {
  try {
    return former_size <= size() && read_note(note, key().public_pem).root == tree(former_size).root();
  } catch (const Error&) {  // no note of ours, or hashes are missing
    return false;
  }
}

AuditLog::Signed AuditLog::checkpoint() {
  const SigningKey& signing = key();
  Signed made;
  std::string origin = "gyre/audit/" + signing.id;
  bool fits = true;
  rows_.transaction([&] {
    std::uint64_t size = this->size();
    made = {sign_note({origin, size, tree(size).root()}, signing), verifier_key(origin, signing.public_pem)};
    auto former = newest_checkpoint();
    fits = !former || still_fits(former->first, former->second);
    if (size == 0 || (former && former->first >= size)) return;
    // One is kept for each 4,096 entries, and the newest.
    if (fits && former && former->first > (size - 1) / 4096 * 4096)
      rows_.run("DELETE FROM audit_checkpoint WHERE size = $1", {former->first});
    rows_.run("INSERT INTO audit_checkpoint VALUES ($1, $2)", {size, made.note});
  });
  if (fits) write_file(keys_ / "audit-checkpoint", made.note, 0600);
  return made;
}

void AuditLog::seal() {
  try {
    checkpoint();
  } catch (const Error&) {
    // A full disk, say: nobody waits for it here. What is not signed is counted by verify, and signed next time.
    std::lock_guard lock(mutex_);
    unsigned_ = true;
  }
}

void AuditLog::keep_sealing() {
  std::unique_lock lock(mutex_);
  for (bool last = false; !last;) {
    last = changed_.wait_for(lock, std::chrono::seconds(1), [&] { return ending_; });
    if (!std::exchange(unsigned_, false)) continue;
    lock.unlock();
    seal();
    lock.lock();
  }
}

std::vector<AuditEntry> AuditLog::list(const AuditQuery& query) {
  std::string subject = query.subject;
  bool prefix = subject.ends_with('*');
  if (prefix) subject.pop_back();
  std::vector<AuditEntry> entries;
  for (auto& row : rows_.query("SELECT * FROM audit WHERE ($1 = '' OR who = $1)"
                               " AND ($2 = '' OR subject = $2 OR ($3 AND substr(subject, 1, length($2)) = $2))"
                               " AND at >= $4 AND (CAST($5 AS INTEGER) = 0 OR id < $5) ORDER BY id DESC LIMIT $6",
                               {query.who, subject, prefix, query.since, query.below, query.limit}))
    entries.push_back(audit_entry_from(row));
  return entries;
}

static json::array in_hex(const std::vector<MerkleHash>& hashes) {
  json::array texts;
  for (auto& hash : hashes) texts.emplace_back(to_hex(hash));
  return texts;
}

json::object AuditLog::prove_inclusion(std::int64_t id) {
  json::object proof;
  rows_.transaction([&] {
    auto row = rows_.one("SELECT * FROM audit WHERE id = $1", {id});
    if (!row) throw Error(Code::not_found, "the audit log has no entry " + std::to_string(id));
    std::uint64_t size = this->size();
    MerkleTree all = tree(size);
    proof = {{"entry", to_json(audit_entry_from(*row))}, {"leaf", row->at("leaf")}, {"index", id - 1}, {"size", size}};
    proof["root"] = to_hex(all.root());
    proof["path"] = in_hex(all.inclusion(static_cast<std::uint64_t>(id) - 1));
  });
  return proof;
}

json::object AuditLog::prove_consistency(std::uint64_t former_size) {
  json::object proof;
  rows_.transaction([&] {
    std::uint64_t size = this->size();
    MerkleTree all = tree(size);
    proof = {{"former_size", former_size}, {"size", size}};
    proof["path"] = in_hex(all.consistency(former_size));
    proof["former_root"] = to_hex(tree(former_size).root());
    proof["root"] = to_hex(all.root());
  });
  return proof;
}

}  // namespace gyre

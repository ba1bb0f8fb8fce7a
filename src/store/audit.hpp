#pragma once
// Who did what to what: an append-only Merkle log in the rows, with signed checkpoints. docs/formats/audit.md.
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "base/crypto.hpp"
#include "base/rows.hpp"
#include "store/merkle.hpp"

namespace gyre {

struct AuditEntry {
  std::int64_t id = 0;
  std::int64_t at = 0;
  std::string who;
  std::string origin;
  std::string action;
  std::string subject;
  std::string before;  // canonical JSON
  std::string after;
};
AuditEntry audit_entry_from(const Row& row);
MerkleHash leaf_of(const AuditEntry& entry);
json::object to_json(const AuditEntry& entry);

// What happened to one of many subjects of the same act.
struct AuditNews {
  std::string subject;
  json::object after;
};

struct AuditQuery {
  std::string who{};
  std::string subject{};  // itself, or what it begins with when it ends with *
  std::int64_t since = 0;
  std::int64_t below = 0;  // ids below; 0: all
  std::int64_t limit = 100;
};

class AuditLog {
 public:
  // Checkpoints are signed with <keys>/audit.pem, made when first needed, at most a second after an entry was
  // committed, and when the log is closed. The newest is kept in <keys>/audit-checkpoint too.
  AuditLog(Rows& rows, std::filesystem::path keys);
  ~AuditLog();

  // Joins the caller's transaction: an act and its entry are committed together.
  void append(std::string_view who, std::string_view action, std::string_view subject, const json::value& before,
              const json::value& after);
  // An entry for each: acts on thousands of things at once.
  void append(std::string_view who, std::string_view action, std::span<const AuditNews> news);
  std::vector<AuditEntry> list(const AuditQuery& query);  // newest first

  struct Signed {
    std::string note;
    std::string key;  // as verifiers take it
  };
  Signed checkpoint();  // over every entry there is now
  // That an entry is in the log of now, or that the log of now goes on from what an earlier one said:
  // hashes in hex, as RFC 9162 orders them.
  json::object prove_inclusion(std::int64_t id);
  json::object prove_consistency(std::uint64_t former_size);

  // Reads every entry, and says what was altered, removed or reordered:
  // {"good","entries","checkpoints","unsigned","root","findings":[{"kind","first","last","text"}...]}.
  // `former`: checkpoints that were kept elsewhere, which count like our own.
  json::object verify(const std::vector<std::string>& former = {});

 private:
  std::uint64_t size();
  MerkleTree tree(std::uint64_t size);
  void add_tiles(std::uint64_t size);
  std::optional<std::pair<std::uint64_t, std::string>> newest_checkpoint();  // size, note
  bool still_fits(std::uint64_t former_size, const std::string& note);
  void start_sealing();  // with mutex_ held
  void seal();
  void keep_sealing();
  const SigningKey& key();

  Rows& rows_;
  std::filesystem::path keys_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::optional<SigningKey> key_;
  bool unsigned_ = false;  // something was appended since the last checkpoint
  bool ending_ = false;
  std::thread sealing_;
};

}  // namespace gyre

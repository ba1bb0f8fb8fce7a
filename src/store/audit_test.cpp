#include "store/audit.hpp"

#include <doctest/doctest.h>

#include "base/acting_from.hpp"
#include "base/file.hpp"
#include "store/signed_note.hpp"
#include "store/workspace.hpp"

using namespace gyre;

namespace {

struct Place {
  TemporaryFolder folder;
  fs::path root = Workspace::init(folder.path());
  explicit Place(int entries) {
    Workspace workspace(root);
    workspace.rows().transaction([&] {
      for (int i = 1; i <= entries; i++)
        workspace.audit(i % 2 ? "ann" : "bob", "run update", "run/" + std::to_string(i), i, i + 1);
    });
  }
  // What a stranger does to the rows, and what is then said of it.
  std::string after(const std::string& sql, const std::vector<std::string>& former = {}) {
    Workspace workspace(root);
    workspace.rows().script(sql);
    json::object report = workspace.audit_log().verify(former);
    std::string all;
    for (auto& finding : report.at("findings").as_array()) all += get_string(finding, "text") + "; ";
    CHECK(get_bool(report, "good") == all.empty());
    return all;
  }
};

}  // namespace

TEST_CASE("what was done to the audit log is named") {
  CHECK(Place(5).after("") == "");
  CHECK(Place(5).after("UPDATE audit SET who = 'eve' WHERE id = 3") == "entry 3 altered; ");
  CHECK(Place(5).after("DELETE FROM audit WHERE id = 3") == "entry 3 removed; ");
  CHECK(Place(5).after("DELETE FROM audit WHERE id >= 4") == "entries 4 to 5 removed; ");
  CHECK(Place(600).after("DELETE FROM audit WHERE id IN (100, 101, 550)") ==
        "entries 100 to 101 removed; entry 550 removed; ");
  CHECK(Place(5).after("UPDATE audit SET id = 99 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = 4;"
                       "UPDATE audit SET id = 4 WHERE id = 99") ==
        "entry 2 reordered: it was written as entry 4; entry 4 reordered: it was written as entry 2; ");
  // Its content and its hash: the tile of 256 knows, or the checkpoint.
  std::string forged = to_hex(leaf_of({.id = 3, .who = "eve"}));
  std::string forge =
      "UPDATE audit SET at = 0, who = 'eve', origin = '', action = '', subject = '', before = '',"
      " after = '', leaf = '" +
      forged + "' WHERE id = 3;";
  CHECK(Place(600).after(forge) == "one of entries 1 to 256 altered together with its hash; ");
  CHECK(Place(5).after(forge) ==
        "one of entries 1 to 5 altered: the checkpoint of 5 entries was signed over something else; ");
  CHECK(Place(600).after("DELETE FROM audit WHERE id > 512; DELETE FROM audit_checkpoint") ==
        "entries 513 to 600 removed; ");
  CHECK(Place(600).after("UPDATE audit SET leaf = 'x' WHERE id = 7") == "entry 7 altered; ");
  CHECK(Place(300).after("UPDATE audit_checkpoint SET note = replace(note, '300', '299')") ==
        "the checkpoint of 299 entries is not signed by this workspace's key; ");
}

TEST_CASE("a checkpoint that the log contradicts is not replaced by the next one") {
  Place place(10);
  std::string forged = to_hex(leaf_of({.id = 3, .who = "eve"}));
  {
    Workspace workspace(place.root);
    workspace.rows().script(
        "UPDATE audit SET at = 0, who = 'eve', origin = '', action = '', subject = '', before = '', after = '', leaf = "
        "'" +
        forged + "' WHERE id = 3");
    workspace.audit("eve", "a", "b", nullptr, nullptr);
    workspace.audit_log().checkpoint();
  }
  CHECK(place.after("").starts_with("one of entries 1 to 10 altered: the checkpoint of 10"));
}

TEST_CASE("a checkpoint that was kept elsewhere finds what was signed again") {
  Place place(10);
  std::string kept;
  {
    Workspace workspace(place.root);
    kept = workspace.audit_log().checkpoint().note;
    workspace.rows().script("DELETE FROM audit WHERE id > 8; DELETE FROM audit_checkpoint");
    workspace.audit("eve", "a", "b", nullptr, nullptr);
    workspace.audit("eve", "a", "b", nullptr, nullptr);
    workspace.audit_log().checkpoint();
  }
  CHECK(place.after("") == "");
  CHECK(place.after("", {kept}).starts_with("one of entries 1 to 10 altered: the checkpoint of 10"));
}

TEST_CASE("an entry that was rolled back was never there; proofs lead to the signed root") {
  Place place(0);
  Workspace workspace(place.root);
  auto append = [&](int i) { workspace.audit("ann", "do", std::to_string(i), nullptr, nullptr); };
  for (int i = 0; i < 700; i++) {
    if (i % 100 == 55)
      CHECK_THROWS(workspace.rows().transaction([&] {
        append(i);
        throw Error(Code::invalid, "no");
      }));
    append(i);
  }
  auto made = workspace.audit_log().checkpoint();
  auto checkpoint = read_note(made.note, read_file(workspace.keys() / "audit.pub"));
  CHECK(checkpoint.size == 700);
  auto proof = workspace.audit_log().prove_inclusion(300);
  CHECK(get_string(proof, "root") == to_hex(checkpoint.root));
  CHECK(proof.at("path").as_array().size() >= 9);
  CHECK(get_string(workspace.audit_log().prove_consistency(300), "root") == to_hex(checkpoint.root));
  CHECK(get_bool(workspace.audit_log().verify(), "good"));
  auto other = make_signing_key();
  CHECK_THROWS_AS(read_note(made.note, other.public_pem), Error);
  CHECK_THROWS_AS(read_note("nonsense", other.public_pem), Error);
}

TEST_CASE("entries say where an act came from, and are found by who, subject and time") {
  Place place(0);
  Workspace workspace(place.root);
  {
    ActingFrom there("10.0.0.7");
    workspace.audit("ann", "deploy", "app/a", nullptr, 1);
  }
  workspace.audit("bob", "deploy", "app/b", 1, 2);
  auto& log = workspace.audit_log();
  REQUIRE(log.list({.who = "ann"}).size() == 1);
  CHECK(log.list({.who = "ann"})[0].origin == "10.0.0.7");
  CHECK(log.list({.subject = "app/b"}).size() == 1);
  CHECK(log.list({.subject = "app/*"}).size() == 2);
  CHECK(log.list({.since = log.list({})[0].at + 1}).empty());
  CHECK(log.list({.limit = 1})[0].who == "bob");
}

#pragma once
// What can be asked of runs, experiments, models and versions: the grammar's nouns as tables and columns.
#include <map>
#include <optional>
#include <string>

#include "track/filter.hpp"

namespace gyre {

struct Attribute {
  enum Kind { text, number, identifier };  // identifier: a number that clients write as text
  std::string column;
  Kind kind = text;
  bool listed = false;  // may stand before IN (...)
  bool filtered = true;
  bool ordered = true;
};

struct Subject {
  struct Beside {
    std::string table;
    std::string keys;  // its columns that name the thing
    std::string own;   // the thing's columns that they name
  };
  std::string table;
  std::map<std::string, Attribute> attributes;
  std::map<std::string, Beside> beside;  // group -> table of (keys, key, value)
  bool by_absence;                       // whether IS NULL can be asked of what lies beside
  bool by_dataset;
  std::string usual_order;  // when none is asked for
  std::string last_order;   // makes every order total
};
const Subject& run_subject();
const Subject& experiment_subject();
const Subject& model_subject();
const Subject& version_subject();
const Subject& evaluation_dataset_subject();

// The column of an attribute that an order names. Error{invalid} lists the attributes there are.
std::string order_column(const Subject& subject, const std::string& key);
const Subject::Beside& beside_of(const Subject& subject, const std::string& group);
// How a clause about a run's metrics, params and tags is written: as the list of the runs where it holds, or as a look
// at each run.
enum class ClauseForm { list, look };
// " AND ..." for a clause that this subject can be asked; Error{invalid} for any other.
void add_clause(SqlText& sql, const Subject& subject, const Clause& clause, ClauseForm form = ClauseForm::list);
// " FROM ... WHERE ...": rows with the runs where such a clause holds, if an index finds them.
std::optional<std::string> indexed_runs(SqlText& sql, const Clause& clause);

}  // namespace gyre

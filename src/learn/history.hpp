#pragma once
// Rows of groups in the order of time (machines by cycle, shops by day): what a row's answer takes from those before
// it. A model of them takes a series, the last rows of one group as they come; what is made of them is in its graph.
#include <memory>

#include "learn/table_model.hpp"

namespace gyre {

struct HistoryOptions {
  std::string group;        // rows with the same value here follow each other
  std::string time;         // in the order of this column; empty: as they come
  std::size_t window = 30;  // rows that an answer may rest on, the newest among them
};

// Each row's group, numbered from 0.
std::vector<std::size_t> groups_of(const Table& table, const std::string& column);

class RowHistory {
 public:
  // Number columns beside the group and the target are looked at; others are left out, and the features' findings say
  // so.
  RowHistory(const Table& table, const std::string& target, const HistoryOptions& options);

  // The rows of the table with the target, and instead of the other columns: newest values, and means, spreads and
  // slopes of the last rows.
  const Table& features() const { return features_; }
  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t window() const { return window_; }
  // f32 [1, window, columns]; NaN before the first row of a group. `number` is one of the features' row numbers.
  Tensor window_before(std::uint32_t number) const;
  // Adds the input "series" and the features made of it.
  void export_to(GraphBuilder& graph, TableInputs& inputs) const;

 private:
  std::vector<std::size_t> parts() const;  // how many of the last rows each set of features is made of
  std::vector<std::string> names() const;
  void write_features(std::size_t place, std::span<double> to) const;

  std::size_t window_;
  std::vector<std::string> columns_;
  std::vector<float> values_;         // [place][columns]; places: group by group, by time
  std::vector<std::size_t> earlier_;  // by place: rows of the same group before it
  std::map<std::uint32_t, std::size_t> places_;
  Table features_;
};

// As export_table_model(): `model` is one of the features of `history`.
TableExport export_history_model(const TableModel& model, const Target& target, const RowHistory& history,
                                 const Table& examples, const json::object& lineage, const std::string& about,
                                 int threads);

}  // namespace gyre

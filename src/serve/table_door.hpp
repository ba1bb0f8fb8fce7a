#pragma once
// POST /endpoints/NAME/score: rows of a table in, one result for each row out, in the form that Power BI, Excel and the
// clients of Azure ML's services speak:
//
//   {"Inputs": {"data": [{"flow": 1.5, "heat": 20}, ...]}, "GlobalParameters": {"method": "predict"}}
//   {"Results": ["good", ...]}
#include "serve/dispatch.hpp"

namespace gyre {

struct TableColumn {
  std::string name;
  DataType type;
};

// The columns of a model that takes a table: every input has rows of single values. Nothing for other models. Named by
// the signature, by the input where it is one column, else x_0, x_1 ...
std::optional<std::vector<TableColumn>> table_columns(const ServedModel& model);

void score_rows(Service& service, const ExchangePointer& exchange, const std::string& name);

}  // namespace gyre

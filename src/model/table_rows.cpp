#include "model/table_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.hpp"
#include "base/json.hpp"
#include "model/cell.hpp"
#include "model/missing.hpp"
#include "model/number.hpp"

namespace gyre {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Gives the cells of the record at the start of `text` and takes it away; cells may hold quoted line ends.
std::vector<std::string> take_record(std::string_view& text, char delimiter, const std::string& where) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  std::size_t i = 0;
  for (; i < text.size(); i++) {
    char c = text[i];
    if (c == '"' && quoted && text.substr(i + 1).starts_with('"'))
      cells.back() += text[i++];
    else if (c == '"' && (quoted || cells.back().empty()))
      quoted = !quoted;
    else if (c == delimiter && !quoted)
      cells.emplace_back();
    else if (c == '\n' && !quoted)
      break;
    else
      cells.back() += c;
  }
  if (quoted) throw Error(Code::invalid, where + ": a quote is not closed");
  text.remove_prefix(std::min(text.size(), i + 1));
  if (cells.back().ends_with('\r')) cells.back().pop_back();
  return cells;
}

// A column and the input that its cells go into.
struct Column {
  std::string name;
  std::size_t input;
};

class Builder {
 public:
  Builder(const Signature& signature, const std::vector<TensorInfo>& infos, std::string_view where)
      : infos_(infos), where_(where) {
    for (std::size_t i = 0; i < infos.size(); i++) {
      table_.inputs.push_back({infos[i].type, {}, {}, {}});
      if (infos[i].shape.size() == 2 && infos[i].shape[1] > 1)
        for (auto& name : signature.columns) columns_.push_back({name, i});
      else
        columns_.push_back({infos[i].name, i});
    }
  }
  const std::vector<Column>& columns() const { return columns_; }
  bool is_text(const Column& column) const { return infos_[column.input].type == DataType::text; }
  std::string row_name() const { return where_ + ": row " + std::to_string(table_.rows + 1); }
  void add(const Column& column, std::string_view cell) {
    auto& tensor = table_.inputs[column.input];
    if (tensor.type != DataType::f32 && tensor.type != DataType::f64) {
      // A text is what it is: whether "NA" is a hole or a category, the model's graph knows.
      try {
        return append_cell(tensor.type, cell, column.name, tensor.bytes, tensor.texts);
      } catch (const Error& error) {
        throw Error(error.code, row_name() + ": " + error.text(), error.hint);
      }
    }
    double value = std::numeric_limits<double>::quiet_NaN();
    while (cell.starts_with(' ')) cell.remove_prefix(1);
    while (cell.ends_with(' ')) cell.remove_suffix(1);
    if (!means_missing(cell)) {
      auto number = number_from(cell);
      if (!number)
        throw Error(Code::invalid, row_name() + ": column \"" + column.name + "\": \"" +
                                       std::string(cell.substr(0, 60)) + "\" is no number");
      value = *number;
    }
    add_number(column, value);
  }
  void add_number(const Column& column, double value) {
    std::size_t input = column.input;
    if (std::abs(value) > std::numeric_limits<float>::max())  // as in training: beyond all measure is a hole
      value = std::numeric_limits<double>::quiet_NaN();
    auto& bytes = table_.inputs[input].bytes;
    auto put = [&](auto number) {
      auto* raw = reinterpret_cast<const std::byte*>(&number);
      bytes.insert(bytes.end(), raw, raw + sizeof number);
    };
    auto whole = [&] {
      if (std::floor(value) != value)
        throw Error(Code::invalid, row_name() + ": column \"" + column.name +
                                       (std::isnan(value) ? "\" has no value" : "\" is no number without a fraction"));
    };
    switch (infos_[input].type) {
      case DataType::f32:
        return put(static_cast<float>(value));
      case DataType::f64:
        return put(value);
      case DataType::i64:
        whole();
        return put(static_cast<std::int64_t>(value));
      case DataType::i32:
        whole();
        return put(static_cast<std::int32_t>(value));
      case DataType::boolean:
        if (value != 0 && value != 1)
          throw Error(Code::invalid, row_name() + ": column \"" + column.name + "\" is not 0 or 1");
        return put(static_cast<std::uint8_t>(value));
      default:
        throw Error(Code::unsupported, "the model's input \"" + infos_[input].name + "\" takes " +
                                           std::string(name_of(infos_[input].type)) + ", which no cell can be");
    }
  }
  void end_row() { table_.rows++; }
  TableRows finish() {
    if (table_.rows == 0) throw Error(Code::invalid, where_ + ": there is no row");
    for (std::size_t i = 0; i < infos_.size(); i++) {
      auto& shape = table_.inputs[i].shape = infos_[i].shape;
      for (auto& size : shape) size = std::max<std::int64_t>(size, 1);
      if (!shape.empty()) shape[0] = static_cast<std::int64_t>(table_.rows);
    }
    return std::move(table_);
  }

 private:
  const std::vector<TensorInfo>& infos_;
  std::string where_;
  std::vector<Column> columns_;
  TableRows table_;
};

TableRows from_csv(Builder builder, std::string_view text, const std::string& where) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::string_view first = text.substr(0, text.find('\n'));
  char delimiter = ',';
  auto times = [&](char c) { return std::count(first.begin(), first.end(), c); };
  for (char c : {';', '\t', '|'})
    if (times(c) > times(delimiter)) delimiter = c;
  auto header = take_record(text, delimiter, where);
  std::vector<std::size_t> places;
  for (auto& column : builder.columns()) {
    auto found = std::find(header.begin(), header.end(), column.name);
    if (found == header.end())
      found = std::find_if(header.begin(), header.end(), [&](auto& name) { return same_name(name, column.name); });
    if (found == header.end())
      throw Error(Code::invalid, where + " has no column \"" + column.name + "\", which the model takes",
                  "`gyre model show` lists the columns");
    places.push_back(static_cast<std::size_t>(found - header.begin()));
  }
  while (!text.empty()) {
    auto cells = take_record(text, delimiter, builder.row_name());
    if (cells.size() == 1 && cells[0].empty() && header.size() > 1) continue;
    if (cells.size() != header.size())
      throw Error(Code::invalid, builder.row_name() + ": " + std::to_string(cells.size()) +
                                     " cells, the header names " + std::to_string(header.size()));
    for (std::size_t i = 0; i < places.size(); i++) builder.add(builder.columns()[i], cells[places[i]]);
    builder.end_row();
  }
  return builder.finish();
}

void add_object(Builder& builder, const json::value& value) {
  auto* object = value.if_object();
  if (!object) throw Error(Code::invalid, builder.row_name() + " is no JSON object");
  for (auto& column : builder.columns()) {
    const json::value* cell = object->if_contains(column.name);
    if (!cell)
      for (auto& member : *object)
        if (same_name(member.key(), column.name)) cell = &member.value();
    if (!cell || cell->is_null())
      builder.add(column, "");  // what is not told is a hole
    else if (cell->is_string())
      builder.add(column, std::string_view(cell->get_string()));
    else if (cell->is_double() && !builder.is_text(column))
      builder.add_number(column, cell->to_number<double>());
    else if (cell->is_bool() && !builder.is_text(column))
      builder.add_number(column, cell->get_bool());
    else
      builder.add(column, json::serialize(*cell));
  }
  builder.end_row();
}

TableRows from_json(Builder builder, std::string_view text, const std::string& where) {
  if (text.starts_with('[')) {
    json::value list = parse_json(text, where);
    for (auto& item : list.as_array()) add_object(builder, item);
    return builder.finish();
  }
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    add_object(builder, parse_json(line, builder.row_name()));
  }
  return builder.finish();
}

}  // namespace

TableRows table_rows(const Signature& signature, const std::vector<TensorInfo>& inputs, std::string_view bytes,
                     std::string_view where) {
  Builder builder(signature, inputs, where);
  if (auto start = bytes.find_first_not_of(" \t\r\n"); start != std::string_view::npos)
    if (bytes[start] == '{' || bytes[start] == '[')
      return from_json(std::move(builder), bytes.substr(start), std::string(where));
  return from_csv(std::move(builder), bytes, std::string(where));
}

std::vector<Tensor> row_of(const std::vector<Tensor>& outputs, std::size_t row, std::size_t rows) {
  std::vector<Tensor> some;
  for (auto& output : outputs) {
    Tensor one{output.type, output.shape, {}, {}};
    if (one.shape.empty() || one.shape[0] != static_cast<std::int64_t>(rows))
      throw Error(Code::internal, "the model's outputs have no row for each row of its inputs");
    one.shape[0] = 1;
    if (output.type == DataType::text) {
      std::size_t width = output.texts.size() / rows;
      auto from = output.texts.begin() + static_cast<std::ptrdiff_t>(row * width);
      one.texts.assign(from, from + static_cast<std::ptrdiff_t>(width));
    } else {
      std::size_t width = output.bytes.size() / rows;
      auto from = output.bytes.begin() + static_cast<std::ptrdiff_t>(row * width);
      one.bytes.assign(from, from + static_cast<std::ptrdiff_t>(width));
    }
    some.push_back(std::move(one));
  }
  return some;
}

}  // namespace gyre

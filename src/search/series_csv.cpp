#include "search/series_csv.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_map>

#include "base/error.hpp"
#include "base/mapped_file.hpp"
#include "data/csv_line.hpp"
#include "data/duck.hpp"
#include "learn/date.hpp"
#include "learn/parallel.hpp"
#include "model/number.hpp"

namespace gyre {

namespace {

constexpr std::string_view missing_words[] = {"", "NA", "N/A", "null", "NaN", "nan"};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; i++) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// "2026-02-03", "2026-02-03 04:05:06": seconds since 1970. Others are left to SQL.
std::optional<double> plain_time_from(std::string_view text) {
  bool has_time = text.size() == 19 && (text[10] == ' ' || text[10] == 'T') && text[13] == ':' && text[16] == ':';
  if (!(text.size() == 10 || has_time) || text[4] != '-' || text[7] != '-') return {};
  int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  if (year < 1 || month < 1 || month > 12 || day < 1) return {};
  constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (day > lengths[month - 1] + (month == 2 && leap)) return {};
  int hour = has_time ? digits(text, 11, 2) : 0, minute = has_time ? digits(text, 14, 2) : 0,
      second = has_time ? digits(text, 17, 2) : 0;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return {};
  Date date{.known = true, .year = double(year), .month = double(month), .day = double(day)};
  return date.days() * 86400 + hour * 3600 + minute * 60 + second;
}

// A cell by its line; lines count from the block's first until the block's place is known.
struct Cell {
  std::size_t line = 0;
  std::string text;
};

struct Trouble {
  std::size_t line = 0;
  std::string text;
  std::size_t count = 0;
  void add(std::size_t at, std::string what) {
    if (count++ == 0) line = at, text = std::move(what);
  }
};

enum class TimeKind { number, date, other };

// Some lines of the file, whole ones.
struct Block {
  std::vector<SeriesRows> partitions;
  std::unordered_map<std::string, std::size_t> places;  // by the keys' cells
  std::size_t lines = 0, rows = 0;
  Trouble trouble;
  std::size_t kinds[3] = {0, 0, 0};
  std::optional<Cell> first_of_kind[3];
  struct Other {
    std::size_t partition, row;
    std::string text;
  };
  std::vector<Other> others;  // times that are neither
};

class BlockReader {
 public:
  BlockReader(const SeriesFile& file, const SeriesColumns& columns)
      : file_(file), columns_(columns), by_(columns.by.size()), ahead_(columns.ahead.size()) {
    auto place = [&](const std::string& name) {
      return static_cast<std::size_t>(std::find(file.header.begin(), file.header.end(), name) - file.header.begin());
    };
    for (std::size_t i = 0; i < by_.size(); i++) by_[i] = place(columns.by[i]);
    for (std::size_t i = 0; i < ahead_.size(); i++) ahead_[i] = place(columns.ahead[i]);
    time_ = place(columns.time);
    target_ = place(columns.target);
  }

  void read(std::string_view text, Block& block) {
    while (!text.empty()) {
      auto line = first_line(text, block);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty()) continue;
      if (split(line)) {
        take(block);
      } else {
        block.trouble.add(block.lines - 1, std::to_string(cells_.size()) + " cells, the header names " +
                                               std::to_string(file_.header.size()));
      }
    }
  }

 private:
  // Cut off the text; a quoted cell may hold ends of lines.
  static std::string_view first_line(std::string_view& text, Block& block) {
    std::size_t end = 0;
    bool quoted = false;
    for (;; end++) {
      auto stop = text.find('\n', end);
      block.lines++;
      auto part = text.substr(end, stop == std::string_view::npos ? stop : stop - end);
      quoted ^= std::count(part.begin(), part.end(), '"') % 2 == 1;
      end = std::min(stop, text.size());
      if (!quoted || end == text.size()) break;
    }
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
  }

  bool split(std::string_view line) {
    cells_.clear();
    if (line.find('"') != std::string_view::npos) {
      own_ = csv_cells(line, file_.delimiter);
      cells_.assign(own_.begin(), own_.end());
    } else {
      for (std::size_t at = 0;;) {
        auto end = line.find(file_.delimiter, at);
        cells_.push_back(line.substr(at, end == std::string_view::npos ? end : end - at));
        if (end == std::string_view::npos) break;
        at = end + 1;
      }
    }
    return cells_.size() == file_.header.size();
  }

  double number(std::size_t column, const std::string& name, Block& block) {
    auto cell = cells_[column];
    if (auto value = number_from(cell); value && !std::isnan(*value)) return *value;
    auto word = trimmed(cell);
    if (std::find(std::begin(missing_words), std::end(missing_words), word) == std::end(missing_words))
      block.trouble.add(block.lines - 1, "column \"" + name + "\": \"" + std::string(cell) + "\" is no number");
    return std::nan("");
  }

  void take(Block& block) {
    std::size_t place = partition(block);
    auto& rows = block.partitions[place];
    double target = number(target_, columns_.target, block);
    for (std::size_t i = 0; i < ahead_.size(); i++) rows.ahead.push_back(number(ahead_[i], columns_.ahead[i], block));
    rows.time.push_back(time(place, block));
    rows.target.push_back(target);
    rows.line.push_back(static_cast<double>(block.lines - 1));
    block.rows++;
  }

  double time(std::size_t partition, Block& block) {
    auto cell = cells_[time_];
    auto value = plain_time_from(cell);
    auto kind = TimeKind::date;
    if (!value) {
      value = number_from(cell);
      kind = value && std::isfinite(*value) ? TimeKind::number : TimeKind::other;
    }
    auto& first = block.first_of_kind[static_cast<std::size_t>(kind)];
    if (!first) first = Cell{block.lines - 1, std::string(cell)};
    block.kinds[static_cast<std::size_t>(kind)]++;
    if (kind == TimeKind::other)
      block.others.push_back({partition, block.partitions[partition].time.size(), std::string(cell)});
    return value.value_or(std::nan(""));
  }

  // Most rows are of the partition of the row before.
  std::size_t partition(Block& block) {
    key_.clear();
    for (auto column : by_) (key_ += cells_[column]) += '\n';
    if (!block.partitions.empty() && key_ == last_key_) return last_;
    auto [found, fresh] = block.places.try_emplace(key_, block.partitions.size());
    if (fresh) {
      auto& rows = block.partitions.emplace_back();
      for (auto column : by_) rows.keys.emplace_back(cells_[column]);
    }
    last_key_ = key_;
    return last_ = found->second;
  }

  const SeriesFile& file_;
  const SeriesColumns& columns_;
  std::vector<std::size_t> by_, ahead_;
  std::size_t time_ = 0, target_ = 0, last_ = 0;
  std::vector<std::string_view> cells_;
  std::vector<std::string> own_;  // of a line with quotes
  std::string key_, last_key_;
};

// Cut where lines end. A quoted cell may hold such an end: then there is one block.
std::vector<std::string_view> blocks_of(std::string_view text, int threads) {
  constexpr std::size_t smallest = 1 << 18;
  std::size_t count = std::clamp<std::size_t>(text.size() / smallest, 1, static_cast<std::size_t>(threads) * 4);
  if (text.find('"') != std::string_view::npos) count = 1;
  std::vector<std::string_view> blocks;
  for (std::size_t from = 0, i = 1; from < text.size(); i++) {
    std::size_t to = i >= count ? text.size() : std::max(from, text.size() * i / count);
    to = std::min(text.find('\n', to), text.size() - 1) + 1;
    blocks.push_back(text.substr(from, to - from));
    from = to;
  }
  return blocks;
}

std::string place_of(const SeriesFile& file, std::size_t line) { return file.name + ":" + std::to_string(line) + ": "; }

void refuse_troubles(const SeriesFile& file, const std::vector<Block>& blocks) {
  const Trouble* first = nullptr;
  std::size_t count = 0;
  for (auto& block : blocks) {
    if (block.trouble.count && !first) first = &block.trouble;
    count += block.trouble.count;
  }
  if (first)
    throw Error(Code::invalid,
                place_of(file, first->line) + first->text +
                    (count > 1 ? ", and " + std::to_string(count - 1) + " more such cells" : ""),
                "correct the file; an empty cell is a missing value");
}

// Times written in other ways than those that are read here.
void read_other_times(const SeriesFile& file, const SeriesColumns& columns, std::vector<Block>& blocks, int threads) {
  std::map<std::string, double> known;
  for (auto& block : blocks)
    for (auto& other : block.others) known.emplace(other.text, std::nan(""));
  if (known.empty()) return;
  Duck duck(threads);
  constexpr std::size_t at_once = 1000;
  std::string values;
  std::size_t count = 0;
  for (auto next = known.begin(); next != known.end();) {
    values += (count++ ? ",(" : "(") + sql_text(next->first) + ")";
    if (++next != known.end() && count < at_once) continue;
    duck.query("SELECT t, epoch(try_cast(t AS TIMESTAMP))::DOUBLE FROM (VALUES " + values + ") AS texts(t)",
               [&](const Duck::Cells& row) { known[row.text(0).value_or("")] = row.number(1); });
    values.clear();
    count = 0;
  }
  for (auto& block : blocks)
    for (auto& other : block.others) {
      double time = known.at(other.text);
      auto& rows = block.partitions[other.partition];
      if (std::isnan(time))
        throw Error(Code::invalid,
                    place_of(file, static_cast<std::size_t>(rows.line[other.row])) + "column \"" + columns.time +
                        "\": \"" + other.text + "\" is no time",
                    "times are like 2026-02-03 or 2026-02-03 04:05:06");
      rows.time[other.row] = time;
    }
}

// Dates, or numbers all along: never one here and the other there.
bool times_are_numbers(const SeriesFile& file, const SeriesColumns& columns, const std::vector<Block>& blocks) {
  std::size_t rows = 0, numbers = 0;
  for (auto& block : blocks) {
    rows += block.rows;
    numbers += block.kinds[static_cast<std::size_t>(TimeKind::number)];
  }
  if (rows == 0) throw Error(Code::invalid, file.name + " has a header but no rows");
  bool number = numbers * 2 > rows;
  const Cell* odd = nullptr;
  for (auto& block : blocks)
    for (auto kind : {TimeKind::number, TimeKind::date, TimeKind::other}) {
      auto& first = block.first_of_kind[static_cast<std::size_t>(kind)];
      bool fits = number ? kind == TimeKind::number : kind != TimeKind::number;
      if (first && !fits && (!odd || first->line < odd->line)) odd = &*first;
    }
  if (odd)
    throw Error(Code::invalid,
                place_of(file, odd->line) + "column \"" + columns.time + "\": \"" + odd->text + "\" is no " +
                    (number ? "number" : "time"),
                number ? "most rows have numbers here" : "times are like 2026-02-03 or 2026-02-03 04:05:06");
  return number;
}

std::vector<SeriesRows> merged(std::vector<Block>& blocks, int threads) {
  std::map<std::vector<std::string>, std::vector<SeriesRows*>> parts;
  for (auto& block : blocks)
    for (auto& rows : block.partitions) parts[rows.keys].push_back(&rows);
  std::vector<std::vector<SeriesRows*>> in_order;
  in_order.reserve(parts.size());
  for (auto& [keys, rows] : parts) in_order.push_back(std::move(rows));
  std::vector<SeriesRows> all(in_order.size());
  for_each(all.size(), threads, [&](std::size_t i) {
    all[i] = std::move(*in_order[i][0]);
    for (std::size_t part = 1; part < in_order[i].size(); part++)
      for (auto member : {&SeriesRows::time, &SeriesRows::target, &SeriesRows::ahead, &SeriesRows::line}) {
        auto& more = in_order[i][part]->*member;
        (all[i].*member).insert((all[i].*member).end(), more.begin(), more.end());
      }
  });
  return all;
}

}  // namespace

SeriesFile series_csv_header(const std::filesystem::path& path, const std::string& name) {
  SeriesFile file{.path = path, .name = name};
  MappedFile mapped(path);
  auto line = mapped.bytes().substr(0, mapped.bytes().find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
  if (line.empty()) throw Error(Code::invalid, name + ": no header", "the first line names the columns");
  auto times = [&](char c) { return std::count(line.begin(), line.end(), c); };
  for (char c : {';', '\t'})
    if (times(c) > times(file.delimiter)) file.delimiter = c;
  file.header = csv_cells(line, file.delimiter);
  auto sorted = file.header;
  std::sort(sorted.begin(), sorted.end());
  auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end())
    throw Error(Code::invalid, name + ":1: two columns are named \"" + *twice + "\"", "rename one of them");
  return file;
}

SeriesRead read_series_csv(const SeriesFile& file, const SeriesColumns& columns, int threads) {
  MappedFile mapped(file.path);
  auto text = mapped.bytes();
  text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  auto texts = blocks_of(text, threads);
  std::vector<Block> blocks(texts.size());
  for_each(texts.size(), threads, [&](std::size_t i) { BlockReader(file, columns).read(texts[i], blocks[i]); });
  std::size_t before = 2;  // the header is line 1
  for (auto& block : blocks) {
    block.trouble.line += before;
    for (auto& first : block.first_of_kind)
      if (first) first->line += before;
    for (auto& rows : block.partitions)
      for (double& line : rows.line) line += static_cast<double>(before);
    before += block.lines;
  }
  refuse_troubles(file, blocks);
  SeriesRead read;
  read.numbers = times_are_numbers(file, columns, blocks);
  read_other_times(file, columns, blocks, threads);
  read.partitions = merged(blocks, threads);
  return read;
}

}  // namespace gyre

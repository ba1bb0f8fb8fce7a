#include "serve/score_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/csv_record.hpp"
#include "base/file.hpp"

namespace gyre {

static constexpr std::size_t chunk_bytes = 1 << 20;
static constexpr std::size_t longest_record = 64 << 20;
static constexpr std::size_t folder_files = 4;  // few: at the end no thread has many left while others have none

namespace {

// Where the last whole record of the text ends, and how many there are. Line ends inside quotes end no record.
struct RecordEnd {
  std::size_t size = 0;
  std::int64_t records = 0;
};
RecordEnd last_record(std::string_view text, bool quotes) {
  RecordEnd end;
  bool quoted = false;
  if (!quotes || text.find('"') == std::string_view::npos) {
    auto last = text.rfind('\n');
    if (last == std::string_view::npos) return end;
    return {last + 1, std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(last) + 1, '\n')};
  }
  for (std::size_t i = 0; i < text.size(); i++) {
    if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '\n' && !quoted) {
      end.size = i + 1;
      end.records++;
    }
  }
  return end;
}

class LineSource final : public RecordSource {
 public:
  LineSource(const fs::path& path, RecordForm form) : path_(path), form_(form), file_(open_file(path, O_RDONLY)) {
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) throw system_error(errno, path.string());
    size_ = status.st_size;
    ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    if (form_ == RecordForm::csv) read_header();
  }
  RecordForm form() const override { return form_; }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::string type_of(std::size_t) const override { return "VARCHAR"; }
  double size() const override { return static_cast<double>(size_); }
  void go_to(const SourcePlace& place) override { place_ = place.offset > 0 ? place : first_; }

  bool next(RecordChunk& chunk) override {
    std::size_t wanted = chunk_bytes;
    while (true) {
      chunk.records = read(place_.offset, wanted);
      if (chunk.records.empty()) return false;
      bool end = place_.offset + static_cast<std::int64_t>(chunk.records.size()) >= size_;
      if (end && chunk.records.back() != '\n') chunk.records += '\n';
      auto whole = last_record(chunk.records, form_ == RecordForm::csv);
      if (end && whole.size < chunk.records.size())
        throw Error(Code::invalid,
                    path_.string() + ": after row " + std::to_string(place_.row) + " a quote is not closed");
      if (whole.records > 0) {
        chunk.records.resize(whole.size);
        chunk.first_row = place_.row + 1;
        place_.row += whole.records;
        place_.offset = std::min(size_, place_.offset + static_cast<std::int64_t>(whole.size));
        chunk.end = place_;
        return true;
      }
      if (wanted >= longest_record)
        throw Error(Code::invalid,
                    path_.string() + ": row " + std::to_string(place_.row + 1) + " is longer than 64 MiB");
      wanted *= 4;
    }
  }

 private:
  std::string read(std::int64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      ssize_t count = ::pread(file_.get(), bytes.data() + have, size - have, offset + static_cast<std::int64_t>(have));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_error(errno, path_.string());
      if (count == 0) break;
      have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    return bytes;
  }
  void read_header() {
    std::string start = read(0, chunk_bytes);
    std::size_t mark = start.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    std::vector<std::string_view> cells;
    std::vector<std::string> unquoted;
    std::string_view text = std::string_view(start).substr(mark);
    if (text.empty())
      throw Error(Code::invalid, path_.string() + ": the file is empty; its first line names the columns");
    auto rest = csv_record(text, cells, unquoted);
    for (auto cell : cells) columns_.emplace_back(cell);
    place_.offset = first_.offset = static_cast<std::int64_t>(mark + text.size() - rest.size());
  }
  fs::path path_;
  RecordForm form_;
  FileHandle file_;
  std::int64_t size_ = 0;
  SourcePlace place_, first_;
  std::vector<std::string> columns_;
};

class FolderSource final : public RecordSource {
 public:
  explicit FolderSource(const fs::path& folder) : files_(files_below(folder)) {
    if (files_.empty()) throw Error(Code::invalid, folder.string() + ": there is no file in it");
  }
  RecordForm form() const override { return RecordForm::files; }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::string type_of(std::size_t) const override { return "VARCHAR"; }
  double size() const override { return static_cast<double>(files_.size()); }
  void go_to(const SourcePlace& place) override { place_ = place; }
  bool next(RecordChunk& chunk) override {
    auto first = static_cast<std::size_t>(place_.offset), end = std::min(files_.size(), first + folder_files);
    if (first >= end) return false;
    chunk.records.clear();
    for (std::size_t i = first; i < end; i++) chunk.records += files_[i].string() + '\n';
    chunk.first_row = place_.row + 1;
    place_ = {static_cast<std::int64_t>(end), static_cast<std::int64_t>(end)};
    chunk.end = place_;
    return true;
  }

 private:
  std::vector<fs::path> files_;
  std::vector<std::string> columns_{"file"};
  SourcePlace place_;
};

}  // namespace

std::unique_ptr<RecordSource> record_source(const fs::path& data) {
  if (fs::is_directory(data)) return std::make_unique<FolderSource>(data);
  if (!fs::is_regular_file(data)) throw Error(Code::not_found, data.string() + ": there is no such file or folder");
  auto kind = data.extension();
  if (kind == ".csv") return std::make_unique<LineSource>(data, RecordForm::csv);
  if (kind == ".jsonl" || kind == ".ndjson") return std::make_unique<LineSource>(data, RecordForm::json_lines);
  if (kind == ".parquet") return parquet_source(data);
  throw Error(Code::unsupported, data.string() + ": what is in it is not known by its name",
              "data is .csv, .jsonl, .parquet, or a folder of files");
}

}  // namespace gyre

// gyre gather sql: what a query on PostgreSQL gives becomes a table, with the types that PostgreSQL knows.
#include <fcntl.h>

#include "base/file.hpp"
#include "base/step.hpp"
#include "data/duck.hpp"
#include "data/gather.hpp"
#include "store/postgres_query.hpp"

namespace gyre {

namespace {

struct Options {
  std::string from;
  std::string sql;
};

// What DuckDB calls a type of PostgreSQL's; what it does not know stays a text.
std::string_view duck_type(unsigned type) {
  switch (type) {
    case 16:
      return "BOOLEAN";
    case 21:
      return "SMALLINT";
    case 23:
      return "INTEGER";
    case 20:
      return "BIGINT";
    case 700:   // real
    case 701:   // double precision
    case 1700:  // numeric
      return "DOUBLE";
    case 1082:
      return "DATE";
    case 1114:  // without a time zone
    case 1184:  // with one: it comes as UTC
      return "TIMESTAMP";
  }
  return "VARCHAR";
}

// A password would be kept with the step's options, for all to see.
void refuse_password(const std::string& url) {
  auto begin = url.find("://");
  auto at = begin == std::string::npos ? begin : url.find('@', begin);
  bool in_url = at != std::string::npos && url.substr(begin + 3, at - begin - 3).find(':') != std::string::npos;
  if (in_url || url.find("password=") != std::string::npos)
    throw Error(Code::invalid, "the URL has a password in it, and options are kept",
                "leave it out and put it into PGPASSWORD or ~/.pgpass");
}

// Writes lines of text in large pieces.
class LineFile {
 public:
  explicit LineFile(fs::path path) : path_(std::move(path)), file_(open_file(path_, O_WRONLY | O_CREAT)) {}
  void add(std::string_view line) {
    waiting_ += line;
    if (waiting_.size() > (1 << 20)) flush();
  }
  void flush() {
    write_all(file_.get(), waiting_, path_);
    waiting_.clear();
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  FileHandle file_;
  std::string waiting_;
};

void run(const Options& options, StepContext& context) {
  refuse_password(options.from);
  PostgresQuery query(options.from, options.sql);
  std::string columns, select;
  for (std::size_t i = 0; i < query.columns().size(); i++) {
    auto& column = query.columns()[i];
    std::string inner = "c" + std::to_string(i);
    columns += (i ? ", '" : "'") + inner + "': 'VARCHAR'";
    select += (i ? ", CAST(" : "CAST(") + inner + " AS " + std::string(duck_type(column.type)) + ") AS " +
              sql_name(column.name);
  }
  fs::path to = context.output("table");
  TemporaryFolder folder(to.parent_path());
  LineFile lines(folder.path() / "rows.csv");
  std::size_t rows = 0;
  query.each_line([&](std::string_view line) {
    lines.add(line);
    rows++;
    if (rows % 10'000 != 0) return;
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped before every row was read");
    context.progress(static_cast<double>(rows), 0, "rows");
  });
  lines.flush();
  Duck duck(context.threads());
  duck.run("COPY (SELECT " + select + " FROM read_csv(" + sql_text(lines.path().string()) +
           ", auto_detect = false, header = false, delim = ',', quote = '\"', escape = '\"', columns = {" + columns +
           "}, nullstr = '', allow_quoted_nulls = false, max_line_size = 100000000)) TO " + sql_text(to.string()) +
           " (FORMAT parquet)");
  context.say(counted(rows, "row", "rows") + ", " + counted(query.columns().size(), "column", "columns"));
  context.metric("rows", static_cast<double>(rows));
}

}  // namespace

extern const Step step_import_sql;
const Step step_import_sql = step<Options>(
    {.name = "import-sql",
     .command = "gather sql",
     .group = "data",
     .title = "Gather a table from PostgreSQL",
     .help =
         "Keeps the answer of a query as a table. Numbers, booleans, dates and times keep their types.\n\nThe query "
         "is read as it comes, whatever its length, in a transaction that can change nothing.",
     .outputs = {{"table", "table", "a Parquet file"}},
     .cached = false,
     .parallel = true},
    {field("from", &Options::from,
           "postgresql://user@host:5432/database; a password comes from PGPASSWORD or ~/.pgpass", {.required = true}),
     field("sql", &Options::sql, "one SELECT", {.required = true})},
    run);

}  // namespace gyre

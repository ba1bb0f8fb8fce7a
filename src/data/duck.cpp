#include "data/duck.hpp"

#include <dlfcn.h>
#include <duckdb.h>

#include <cstdlib>
#include <limits>

#include "base/process.hpp"

namespace gyre {

namespace {

// The functions of the C API that are used.
// clang-format never comes to rest here.
// clang-format off
#define GYRE_DUCKDB_FUNCTIONS(X)                                                                                 \
  X(create_config)                                                                                               \
  X(set_config) X(destroy_config) X(open_ext) X(close) X(connect) X(disconnect) X(query) X(destroy_result)       \
      X(result_error) X(column_count) X(column_type) X(fetch_chunk) X(destroy_data_chunk) X(data_chunk_get_size) \
          X(data_chunk_get_vector) X(vector_get_data) X(vector_get_validity) X(string_t_data) X(string_t_length) \
      X(prepare) X(prepare_error) X(destroy_prepare) X(pending_prepared_streaming) X(pending_error)                \
          X(execute_pending) X(destroy_pending)
// clang-format on

struct Library {
#define X(name) decltype(&::duckdb_##name) name = nullptr;
  GYRE_DUCKDB_FUNCTIONS(X)
#undef X

  explicit Library(void* handle) {
    auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
      if (!function)
        throw Error(Code::unavailable, std::string("this DuckDB has no ") + name, "version 1.2 or newer is needed");
    };
#define X(name) find(name, "duckdb_" #name);
    GYRE_DUCKDB_FUNCTIONS(X)
#undef X
  }
};

// $GYRE_DUCKDB and nothing else when it is set; else beside the program, in ../lib, where the build found it, and where
// the system looks.
const Library& library() {
  static const Library loaded = [] {
    std::vector<std::string> places;
    if (const char* given = std::getenv("GYRE_DUCKDB"); given && *given) {
      places = {given};
    } else {
      fs::path folder = own_program().parent_path();
      places = {folder / "libduckdb.so", folder.parent_path() / "lib" / "libduckdb.so", GYRE_DUCKDB_LIB,
                "libduckdb.so"};
    }
    std::string tried;
    for (auto& place : places) {
      if (void* handle = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)) return Library(handle);
      tried += "\n  ";
      tried += ::dlerror();
    }
    throw Error(Code::unavailable, "DuckDB cannot be loaded:" + tried,
                "set GYRE_DUCKDB to a libduckdb.so of 1.2 or newer");
  }();
  return loaded;
}

struct Result : duckdb_result {
  Result() : duckdb_result{} {}
  ~Result() { library().destroy_result(this); }
  Result(const Result&) = delete;
};

class Chunk : public Duck::Cells, public Duck::Vectors {
 public:
  Chunk(duckdb_result& result, duckdb_data_chunk chunk) : chunk_(chunk) {
    auto& duck = library();
    for (idx_t i = 0, count = duck.column_count(&result); i < count; i++) {
      duckdb_vector vector = duck.data_chunk_get_vector(chunk, i);
      columns_.push_back(
          {duck.vector_get_data(vector), duck.vector_get_validity(vector), duck.column_type(&result, i)});
    }
  }
  ~Chunk() override { library().destroy_data_chunk(&chunk_); }
  Chunk(const Chunk&) = delete;
  idx_t size() const { return library().data_chunk_get_size(chunk_); }
  std::size_t rows() const override { return size(); }
  void at(idx_t row) { row_ = row; }

  double number(std::size_t column) const override {
    auto& from = of_type(column, DUCKDB_TYPE_DOUBLE, "DOUBLE");
    return valid(from) ? static_cast<const double*>(from.data)[row_] : std::numeric_limits<double>::quiet_NaN();
  }
  std::optional<std::string> text(std::size_t column) const override {
    auto& from = of_type(column, DUCKDB_TYPE_VARCHAR, "VARCHAR");
    if (!valid(from)) return std::nullopt;
    auto* value = static_cast<duckdb_string_t*>(from.data) + row_;
    return std::string(library().string_t_data(value), library().string_t_length(*value));
  }

  bool missing(std::size_t column, std::size_t row) const override { return !valid(columns_.at(column), row); }
  bool has_holes(std::size_t column) const override { return columns_.at(column).validity != nullptr; }
  std::span<const double> numbers(std::size_t column) const override {
    return {static_cast<const double*>(of_type(column, DUCKDB_TYPE_DOUBLE, "DOUBLE").data), size()};
  }
  std::span<const float> floats(std::size_t column) const override {
    return {static_cast<const float*>(of_type(column, DUCKDB_TYPE_FLOAT, "FLOAT").data), size()};
  }
  std::string_view text(std::size_t column, std::size_t row) const override {
    auto* value = static_cast<duckdb_string_t*>(of_type(column, DUCKDB_TYPE_VARCHAR, "VARCHAR").data) + row;
    return {library().string_t_data(value), library().string_t_length(*value)};
  }

 private:
  struct Column {
    void* data;
    std::uint64_t* validity;
    duckdb_type type;
  };
  const Column& of_type(std::size_t column, duckdb_type type, const char* name) const {
    auto& found = columns_.at(column);
    if (found.type != type) throw Error(Code::internal, "column " + std::to_string(column) + " is no " + name);
    return found;
  }
  static bool valid(const Column& column, idx_t row) {
    return !column.validity || column.validity[row / 64] >> (row % 64) & 1;
  }
  bool valid(const Column& column) const { return valid(column, row_); }
  duckdb_data_chunk chunk_;
  std::vector<Column> columns_;
  idx_t row_ = 0;
};

Error failed(const char* why) { return {Code::invalid, why ? why : "a query failed"}; }

std::string doubled(std::string_view text, char quote) {
  std::string result(1, quote);
  for (char c : text) result.append(c == quote ? 2 : 1, c);
  return result + quote;
}

}  // namespace

std::string sql_text(std::string_view text) { return doubled(text, '\''); }
std::string sql_name(std::string_view name) { return doubled(name, '"'); }

struct Duck::Body {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  ~Body() {
    library().disconnect(&connection);
    library().close(&database);
  }
};

Duck::Duck(int threads, int ahead) : body_(std::make_unique<Body>()) {
  auto& duck = library();
  duckdb_config config = nullptr;
  duck.create_config(&config);
  duck.set_config(config, "threads", std::to_string(std::max(1, threads)).c_str());
  duck.set_config(config, "autoinstall_known_extensions", "false");  // nothing is fetched from anywhere
  duck.set_config(config, "autoload_known_extensions", "false");
  char* error = nullptr;
  auto opened = duck.open_ext(nullptr, &body_->database, config, &error);
  duck.destroy_config(&config);
  if (opened != DuckDBSuccess)
    throw Error(Code::internal, std::string("DuckDB does not start: ") + (error ? error : ""));
  if (duck.connect(body_->database, &body_->connection) != DuckDBSuccess)
    throw Error(Code::internal, "DuckDB does not connect");
  run("SET streaming_buffer_size = '" + std::to_string(ahead) + "MB'");
}

Duck::~Duck() = default;

void Duck::query(const std::string& sql, const std::function<void(const Cells&)>& each) {
  auto& duck = library();
  Result result;
  if (duck.query(body_->connection, sql.c_str(), &result) != DuckDBSuccess) throw failed(duck.result_error(&result));
  while (duckdb_data_chunk next = duck.fetch_chunk(result)) {
    Chunk chunk(result, next);
    if (chunk.size() == 0) break;
    for (idx_t row = 0; row < chunk.size(); row++) {
      chunk.at(row);
      each(chunk);
    }
  }
}

namespace {

struct Prepared {
  duckdb_prepared_statement statement = nullptr;
  duckdb_pending_result pending = nullptr;
  ~Prepared() {
    if (pending) library().destroy_pending(&pending);
    library().destroy_prepare(&statement);
  }
};

}  // namespace

void Duck::stream(const std::string& sql, const std::function<void(const Vectors&)>& each) {
  auto& duck = library();
  Prepared prepared;
  if (duck.prepare(body_->connection, sql.c_str(), &prepared.statement) != DuckDBSuccess)
    throw failed(duck.prepare_error(prepared.statement));
  if (duck.pending_prepared_streaming(prepared.statement, &prepared.pending) != DuckDBSuccess)
    throw failed(duck.pending_error(prepared.pending));
  Result result;
  if (duck.execute_pending(prepared.pending, &result) != DuckDBSuccess) throw failed(duck.result_error(&result));
  while (duckdb_data_chunk next = duck.fetch_chunk(result)) {
    Chunk chunk(result, next);
    if (chunk.size() == 0) break;
    each(chunk);
  }
  if (const char* why = duck.result_error(&result)) throw failed(why);  // an error half-way ends the chunks too
}

void Duck::run(const std::string& sql) {
  query(sql, [](const Cells&) {});
}

}  // namespace gyre

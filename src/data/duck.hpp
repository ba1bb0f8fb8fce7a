#pragma once
// SQL over files: DuckDB in process, loaded when first used (70 MB that most steps never need).
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

class Duck {
 public:
  // In memory; writes only the files that it is told to copy to, loads no extensions. Error{unavailable} when the
  // library cannot be found.
  // `ahead`: megabytes that other threads may read ahead of who takes a stream's rows. With DuckDB's one megabyte a
  // row group of 100 MB is read by the taker alone.
  explicit Duck(int threads, int ahead = 1);
  ~Duck();
  Duck(const Duck&) = delete;

  // A row's cells: numbers from DOUBLE columns, texts from VARCHAR ones (select with casts).
  class Cells {
   public:
    virtual ~Cells() = default;
    virtual double number(std::size_t column) const = 0;                    // NaN for NULL
    virtual std::optional<std::string> text(std::size_t column) const = 0;  // nothing for NULL
  };
  // Some rows of a result, read where they lie, column by column. Valid while the call lasts.
  class Vectors {
   public:
    virtual ~Vectors() = default;
    virtual std::size_t rows() const = 0;
    virtual bool missing(std::size_t column, std::size_t row) const = 0;
    virtual bool has_holes(std::size_t column) const = 0;                          // false: none is missing
    virtual std::span<const double> numbers(std::size_t column) const = 0;         // of DOUBLE; holes hold anything
    virtual std::span<const float> floats(std::size_t column) const = 0;           // of FLOAT; holes hold anything
    virtual std::string_view text(std::size_t column, std::size_t row) const = 0;  // of VARCHAR
  };
  void run(const std::string& sql);
  // In the order of the rows; the result is never whole in memory.
  void stream(const std::string& sql, const std::function<void(const Vectors& rows)>& each);
  void query(const std::string& sql, const std::function<void(const Cells& row)>& each);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

std::string sql_text(std::string_view text);  // 'it''s'
std::string sql_name(std::string_view name);  // "a ""column"""

}  // namespace gyre

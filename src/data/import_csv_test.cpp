#include <doctest/doctest.h>

#include <cmath>

#include "base/memory_context.hpp"
#include "data/csv_line.hpp"
#include "data/gather.hpp"
#include "media/series.hpp"

using namespace gyre;

namespace {

struct Import {
  TemporaryFolder folder;
  MemoryContext context;
  explicit Import(std::string_view csv, const std::string& name = "line.csv") {
    write_output(folder.path() / "in" / name, csv);
    context.inputs["files"] = folder.path() / "in";
  }
  std::string error(const json::object& options = {}) {
    try {
      get_step("import-csv").run(options, context);
    } catch (const Error& error) {
      return error.text();
    }
    return "";
  }
  std::string written(const std::string& name) { return read_file(context.output("data") / name); }
};

}  // namespace

TEST_CASE("cells of a line, quoted or not") {
  CHECK(csv_cells("a,\"b,c\",\"d\"\"e\",") == std::vector<std::string>{"a", "b,c", "d\"e", ""});
  CHECK(csv_cells("1;2,5", ';') == std::vector<std::string>{"1", "2,5"});
}

TEST_CASE("a table becomes series: sorted by time, one file for each run, numbers as they were") {
  Import import(
      "pump;when;temp;note\n7;2026-01-01 00:00:01;20,5;x\n7;2026-01-01 00:00:00;;\"a;b\"\n9;2026-01-01 "
      "00:00:02;1e3;y\n");
  REQUIRE(import.error({{"time", "when"}, {"run", "pump"}, {"columns", {"temp"}}, {"decimal", ","}}) == "");
  CHECK(import.written("line/7.csv") == "time,temp\n1767225600,\n1767225601,20.5\n");
  CHECK(import.written("line/9.csv") == "time,temp\n1767225602,1000\n");
  CHECK(import.context.said("3 rows in 2 files"));
  CHECK(import.context.said("1 reading is missing"));
}

TEST_CASE("a broken row is named by line, column and text, and changes nothing") {
  std::string csv = "time,temp,flow\n";
  for (int i = 2; i < 300; i++) csv += std::to_string(i) + (i == 214 ? ",hot,1\n" : ",20.5,1\n");
  Import import(csv);
  CHECK(import.error({{"time", "time"}}) == "line.csv:214: column \"temp\": \"hot\" is no number");
  CHECK_FALSE(fs::exists(import.context.output("data") / "line.csv"));
  REQUIRE(import.error({{"time", "time"}, {"broken", "leave-out"}}) == "");
  CHECK(import.context.said("left out: line.csv:214"));
  CHECK(decode_series(import.written("line.csv"), "x").rows() == 297);

  CHECK(Import("a,b\n1,2\n3\n").error() == "line.csv:3: 1 cells, the header names 2");
  CHECK(Import("a,b\n1,2\n3,4,5\n").error() == "line.csv:3: 3 cells, the header names 2");
  CHECK(Import("t,b\n1,2\nsoon,4\n").error({{"time", "t"}}) == "line.csv:3: column \"t\": \"soon\" is no time");
  CHECK(Import("a,b\n1,2\n").error({{"columns", {"c"}}}) == "line.csv has no column \"c\"");
  CHECK(Import("").error() == "line.csv: no header");
  CHECK(Import("a,b\n").error() == "nothing could be gathered: no file with a row");
}

#include "track/points.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <tuple>

#include "base/error.hpp"
#include "track/keys.hpp"

namespace gyre {

namespace {

// Small numbers of either sign in few bytes.
void put_number(std::string& out, std::int64_t number) {
  auto bits = (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
  for (; bits >= 0x80; bits >>= 7) out += static_cast<char>(bits | 0x80);
  out += static_cast<char>(bits);
}

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) throw Error(Code::internal, "a row of metric_log is cut short", "restore the database");
    std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::int64_t number() {
    std::uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      auto byte = static_cast<unsigned char>(take(1)[0]);
      bits |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
    }
    return static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
  }
  std::size_t length() { return static_cast<std::size_t>(number()); }
  double real() {
    double value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

 private:
  std::string_view bytes_;
};

// Differences may wrap around; adding them up does too.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Calls `start` with each key; when that says so, `take` with each of its points.
template <class Start, class Take>
void for_points(std::string_view bytes, Start&& start, Take&& take) {
  Bytes in(bytes);
  while (!in.empty()) {
    std::string_view key = in.take(in.length());
    bool wanted = start(key);
    std::int64_t step = 0, at = 0;
    for (std::size_t left = in.length(); left > 0; left--) {
      step = plus(step, in.number());
      at = plus(at, in.number());
      double value = in.real();
      if (wanted) take(step, at, value);
    }
  }
}

bool is_later(const Point& a, const Point& b) {
  bool nan_a = std::isnan(a.value), nan_b = std::isnan(b.value);
  return std::tuple(a.step, a.at, nan_a ? 0 : a.value) > std::tuple(b.step, b.at, nan_b ? 0 : b.value);
}

using Latest = std::map<std::string, Point, std::less<>>;  // without the keys in the points

void add_latest(Latest& latest, std::string_view key, const Point& point) {
  auto it = latest.find(key);
  if (it == latest.end())
    latest.emplace(std::string(key), point);
  else if (is_later(point, it->second))
    it->second = point;
}

void add_latest(Latest& latest, std::string_view bytes) {
  Point* last = nullptr;
  for_points(
      bytes,
      [&](std::string_view key) {
        auto it = latest.find(key);
        bool fresh = it == latest.end();
        if (fresh) it = latest.emplace(std::string(key), Point{}).first;
        last = &it->second;
        if (fresh) last->step = std::numeric_limits<std::int64_t>::min(), last->at = last->step;
        return true;
      },
      [&](std::int64_t step, std::int64_t at, double value) {
        if (Point point{{}, value, at, step}; is_later(point, *last)) *last = point;
      });
}

bool before(const Point& a, const Point& b) {
  if (int order = a.key.compare(b.key)) return order < 0;
  if (a.step != b.step || a.at != b.at) return std::tie(a.step, a.at) < std::tie(b.step, b.at);
  return std::isnan(a.value) ? !std::isnan(b.value) : a.value < b.value;
}
bool same(const Point& a, const Point& b) {
  return a.key == b.key && a.step == b.step && a.at == b.at &&
         (a.value == b.value || (std::isnan(a.value) && std::isnan(b.value)));
}

void sort_points(std::vector<Point>& points) {
  if (!std::is_sorted(points.begin(), points.end(), before)) std::sort(points.begin(), points.end(), before);
  points.erase(std::unique(points.begin(), points.end(), same), points.end());
}

std::int64_t settled_until(Workspace& workspace) {
  return get_int(*workspace.rows().one("SELECT seq FROM metric_settled"), "seq");
}

// What the log holds of a run that latest_metric does not know yet. Small rows are put together into one.
struct Unsettled {
  Latest latest{};
  std::vector<std::int64_t> small_rows{};
  std::vector<Point> points{};  // of these
};
constexpr std::size_t large_row = 2048;

void write_latest(Workspace& workspace, std::int64_t run, const Latest& latest) {
  auto& rows = workspace.rows();
  std::int64_t experiment = get_int(*rows.one("SELECT experiment FROM run WHERE number = $1", {run}), "experiment");
  // The last point is the one of the highest step; of equal steps the latest; of equal times the largest.
  for (auto& [key, point] : latest)
    rows.run(
        "INSERT INTO latest_metric VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (run, key) DO UPDATE"
        " SET step = excluded.step, at = excluded.at, value = excluded.value"
        " WHERE (excluded.step, excluded.at, coalesce(excluded.value, 0)) >"
        " (latest_metric.step, latest_metric.at, coalesce(latest_metric.value, 0))",
        {run, key, experiment, point.step, point.at,
         std::isnan(point.value) ? json::value() : json::value(point.value)});
}

}  // namespace

std::string encode_points(const std::vector<Point>& points) {
  std::string out;
  for (std::size_t i = 0; i < points.size();) {
    std::size_t end = i;
    while (end < points.size() && points[end].key == points[i].key) end++;
    put_number(out, static_cast<std::int64_t>(points[i].key.size()));
    out += points[i].key;
    put_number(out, static_cast<std::int64_t>(end - i));
    std::int64_t step = 0, at = 0;
    for (; i < end; i++) {
      put_number(out, minus(points[i].step, step));
      put_number(out, minus(points[i].at, at));
      out.append(reinterpret_cast<const char*>(&points[i].value), sizeof(double));
      step = points[i].step;
      at = points[i].at;
    }
  }
  return out;
}

std::vector<Point> decode_points(std::string_view bytes) {
  std::vector<Point> points;
  std::string_view name;
  for_points(
      bytes, [&](std::string_view key) { return name = key, true; },
      [&](std::int64_t step, std::int64_t at, double value) {
        points.push_back({std::string(name), value, at, step});
      });
  return points;
}

std::string pack_points(std::vector<Point> points) {
  for (auto& point : points)
    if (std::isinf(point.value)) point.value = std::copysign(std::numeric_limits<double>::max(), point.value);
  auto by_key = [](const Point& a, const Point& b) { return a.key < b.key; };
  if (!std::is_sorted(points.begin(), points.end(), by_key)) std::stable_sort(points.begin(), points.end(), by_key);
  for (std::size_t i = 0; i < points.size(); i++)
    if (i == 0 || points[i].key != points[i - 1].key) check_key("metric", points[i].key);
  return encode_points(points);
}

void append_points(Workspace& workspace, std::int64_t run, const std::string& packed) {
  if (packed.empty()) return;
  auto& rows = workspace.rows();
  std::int64_t seq =
      rows.insert("INSERT INTO metric_log (run, points) VALUES ($1, CAST($2 AS BLOB))", {run, packed}, "seq");
  std::int64_t at_most_behind = packed.size() < large_row ? 1024 : 64;
  if (seq % at_most_behind == 0) settle_points(workspace);
}

void settle_points(Workspace& workspace) {
  auto& rows = workspace.rows();
  auto newest = [&] { return get_int(*rows.one("SELECT coalesce(max(seq), 0) AS seq FROM metric_log"), "seq"); };
  if (settled_until(workspace) >= newest()) return;
  rows.transaction([&] {
    std::map<std::int64_t, Unsettled> by_run;
    rows.each("SELECT seq, run, points FROM metric_log WHERE seq > $1 ORDER BY seq", {settled_until(workspace)},
              [&](const SqlColumns& row) {
                auto& unsettled = by_run[row.integer(1)];
                add_latest(unsettled.latest, row.text(2));
                if (row.text(2).size() >= large_row) return;
                unsettled.small_rows.push_back(row.integer(0));
                auto points = decode_points(row.text(2));
                std::move(points.begin(), points.end(), std::back_inserter(unsettled.points));
              });
    std::int64_t until = newest();
    for (auto& [run, unsettled] : by_run) {
      write_latest(workspace, run, unsettled.latest);
      auto& small = unsettled.small_rows;
      if (small.size() < 2) continue;
      // Into the last of them: the log's numbers never go back.
      sort_points(unsettled.points);
      rows.run("UPDATE metric_log SET points = CAST($2 AS BLOB) WHERE seq = $1",
               {small.back(), encode_points(unsettled.points)});
      small.pop_back();
      for (auto seq : small) rows.run("DELETE FROM metric_log WHERE seq = $1", {seq});
    }
    rows.run("UPDATE metric_settled SET seq = $1", {until});
  });
}

std::vector<Point> last_points(Workspace& workspace, std::int64_t run) {
  auto& rows = workspace.rows();
  Latest latest;
  // The log first: what is settled meanwhile is seen twice rather than never.
  rows.each("SELECT points FROM metric_log WHERE run = $1 AND seq > (SELECT seq FROM metric_settled)", {run},
            [&](const SqlColumns& row) { add_latest(latest, row.text(0)); });
  rows.each("SELECT key, step, at, value FROM latest_metric WHERE run = $1", {run}, [&](const SqlColumns& row) {
    add_latest(latest, row.text(0),
               {{}, row.is_null(3) ? std::nan("") : row.number(3), row.integer(2), row.integer(1)});
  });
  std::vector<Point> points;
  for (auto& [key, point] : latest) {
    points.push_back(point);
    points.back().key = key;
  }
  return points;
}

std::vector<Point> curve_of(Workspace& workspace, std::int64_t run, std::string_view key) {
  std::vector<Point> points;
  workspace.rows().each("SELECT points FROM metric_log WHERE run = $1", {run}, [&](const SqlColumns& row) {
    for_points(
        row.text(0), [&](std::string_view name) { return name == key; },
        [&](std::int64_t step, std::int64_t at, double value) {
          points.push_back({{}, value, at, step});
        });
  });
  sort_points(points);
  return points;
}

}  // namespace gyre

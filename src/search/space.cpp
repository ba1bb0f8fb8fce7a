#include "search/space.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace gyre {

namespace {

struct Form {
  std::string_view name;
  DistributionKind kind;
  std::size_t numbers;  // how many it takes; 0: a list
  bool quantised;
  std::string_view usage;
};
constexpr Form forms[] = {
    {"choice", DistributionKind::choice, 0, false, "choice: [value, value, ...]"},
    {"randint", DistributionKind::randint, 1, false, "randint: upper (whole numbers below it)"},
    {"uniform", DistributionKind::uniform, 2, false, "uniform: [low, high]"},
    {"quniform", DistributionKind::uniform, 3, true, "quniform: [low, high, step]"},
    {"loguniform", DistributionKind::loguniform, 2, false, "loguniform: [low, high] (of the logarithm: exp(low) ...)"},
    {"qloguniform", DistributionKind::loguniform, 3, true, "qloguniform: [low, high, step] (of the logarithm)"},
    {"normal", DistributionKind::normal, 2, false, "normal: [mean, deviation]"},
    {"qnormal", DistributionKind::normal, 3, true, "qnormal: [mean, deviation, step]"},
    {"lognormal", DistributionKind::lognormal, 2, false, "lognormal: [mean, deviation] (of the logarithm)"},
    {"qlognormal", DistributionKind::lognormal, 3, true, "qlognormal: [mean, deviation, step] (of the logarithm)"},
};

const Form& form_named(std::string_view name, const std::string& where) {
  for (auto& form : forms)
    if (form.name == name) return form;
  std::string known;
  for (auto& form : forms) known += (known.empty() ? "" : ", ") + std::string(form.name);
  throw Error(Code::invalid, where + ": there is no distribution \"" + std::string(name) + "\"", "known are " + known);
}

// "quniform(15, 255, 8)" as people write it on a command line.
json::object from_words(std::string_view words, const std::string& where) {
  auto open = words.find('(');
  if (open == std::string_view::npos || !words.ends_with(")"))
    throw Error(Code::invalid, where + ": \"" + std::string(words) + "\" is no distribution",
                "write it like uniform(0, 1) or choice(a, b)");
  std::string_view inside = words.substr(open + 1, words.size() - open - 2);
  json::array values;
  while (true) {
    auto comma = inside.find(',');
    std::string word(inside.substr(0, comma));
    word.erase(0, std::min(word.find_first_not_of(' '), word.size()));
    while (word.ends_with(' ')) word.pop_back();
    json::error_code no_json;
    json::value value = json::parse(word, no_json);
    values.push_back(no_json ? json::value(json::string(word)) : value);
    if (comma == std::string_view::npos) break;
    inside.remove_prefix(comma + 1);
  }
  return {{std::string(words.substr(0, open)), values}};
}

Distribution distribution_from(std::string_view option, const json::value& value, std::string_view place) {
  std::string where = std::string(place) + ": " + std::string(option);
  json::object object = value.is_string()   ? from_words(value.get_string(), where)
                        : value.is_object() ? value.get_object()
                                            : json::object();
  if (object.size() != 1)
    throw Error(Code::invalid, where + ": one distribution is needed", "for example {uniform: [0, 1]}");
  const Form& form = form_named(object.begin()->key(), where);
  Error wrong(Code::invalid, where + ": " + std::string(form.name) + " is not given right", std::string(form.usage));
  const json::value& given = object.begin()->value();
  json::array numbers = given.is_array() ? given.get_array() : json::array{given};
  Distribution result{.option = std::string(option), .kind = form.kind};
  if (form.numbers == 0) {
    if (numbers.empty()) throw wrong;
    result.choices = numbers;
    return result;
  }
  if (numbers.size() != form.numbers) throw wrong;
  for (auto& number : numbers)
    if (!number.is_number() || !std::isfinite(number.to_number<double>())) throw wrong;
  result.a = numbers[0].to_number<double>();
  if (form.kind == DistributionKind::randint) {
    result.b = std::floor(result.a);
    result.a = 0;
    result.whole = true;
    if (result.b < 1) throw wrong;
    return result;
  }
  result.b = numbers[1].to_number<double>();
  if (form.quantised) result.quantum = numbers[2].to_number<double>();
  result.whole = form.quantised && result.quantum == std::floor(result.quantum);
  bool bounds = form.kind == DistributionKind::uniform || form.kind == DistributionKind::loguniform;
  if ((bounds && result.b < result.a) || (!bounds && result.b < 0) || (form.quantised && !(result.quantum > 0)))
    throw wrong;
  return result;
}

// The standard normal's quantile: Acklam's rational approximation, good to 1e-9.
double normal_quantile(double p) {
  static constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                                 1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  static constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                                 6.680131188771972e+01, -1.328068155288572e+01};
  static constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                                 -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  static constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                                 3.754408661907416e+00};
  p = std::clamp(p, 1e-12, 1 - 1e-12);
  if (p > 0.5) return -normal_quantile(1 - p);
  if (p < 0.02425) {
    double q = std::sqrt(-2 * std::log(p));
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
           ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  }
  double q = p - 0.5, r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

}  // namespace

json::value Distribution::at(double unit) const {
  unit = std::clamp(unit, 0.0, std::nextafter(1.0, 0.0));
  double value = 0;
  switch (kind) {
    case DistributionKind::choice:
      return choices[static_cast<std::size_t>(unit * static_cast<double>(choices.size()))];
    case DistributionKind::randint:
      return static_cast<std::int64_t>(unit * b);
    case DistributionKind::uniform:
      value = a + unit * (b - a);
      break;
    case DistributionKind::loguniform:
      value = std::exp(a + unit * (b - a));
      break;
    case DistributionKind::normal:
      value = a + b * normal_quantile(unit);
      break;
    case DistributionKind::lognormal:
      value = std::exp(a + b * normal_quantile(unit));
      break;
  }
  if (quantum > 0) value = std::round(value / quantum) * quantum;
  if (whole) return static_cast<std::int64_t>(std::llround(value));
  return value;
}

std::size_t Distribution::levels() const {
  if (kind == DistributionKind::choice) return choices.size();
  if (kind == DistributionKind::randint) return static_cast<std::size_t>(b);
  return a == b ? 1 : 0;
}

double Distribution::level_unit(std::size_t level) const {
  return (static_cast<double>(level) + 0.5) / static_cast<double>(std::max<std::size_t>(levels(), 1));
}

Space Space::from_json(const json::value& search, std::string_view where) {
  if (!search.is_object() || search.get_object().empty())
    throw Error(Code::invalid, std::string(where) + ": nothing to search",
                "give options with distributions, for example learning-rate: {uniform: [0.01, 0.3]}");
  Space space;
  for (auto& [option, value] : search.get_object())
    space.distributions_.push_back(distribution_from(option, value, where));
  return space;
}

json::object Space::at(std::span<const double> point) const {
  json::object result;
  for (std::size_t i = 0; i < distributions_.size(); i++)
    result[distributions_[i].option] = distributions_[i].at(point[i]);
  return result;
}

std::size_t Space::points() const {
  std::size_t product = 1;
  for (auto& distribution : distributions_) {
    product *= distribution.levels();
    if (product > 1'000'000) return 1'000'000;  // nobody waits for its end
  }
  return product;
}

}  // namespace gyre

#include "track/filter.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <tuple>

#include "base/error.hpp"

namespace gyre {

namespace {

struct Token {
  enum Kind { word, text, name, number, sign, end } kind;  // name: a key in double quotes or backticks
  std::string value;
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) { next(); }
  const Token& peek() const { return token_; }
  Token take() {
    Token token = token_;
    next();
    return token;
  }
  // Takes a keyword, whatever its case.
  bool take_word(std::string_view upper) {
    if (token_.kind != Token::word || upper_of(token_.value) != upper) return false;
    next();
    return true;
  }
  bool take_sign(std::string_view sign) {
    if (token_.kind != Token::sign || token_.value != sign) return false;
    next();
    return true;
  }
  Error wrong(std::string_view wanted) const {
    return {Code::invalid,
            "Invalid filter '" + std::string(text_) + "' at character " + std::to_string(start_ + 1) + ": " +
                std::string(wanted) + " is expected",
            "as: metrics.loss < 0.1 and params.model = 'small'"};
  }
  static std::string upper_of(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
    return text;
  }

 private:
  void next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) at_++;
    start_ = at_;
    if (at_ == text_.size()) {
      token_ = {Token::end, ""};
      return;
    }
    char c = text_[at_];
    if (c == '\'' || c == '"' || c == '`') {
      token_ = {c == '\'' ? Token::text : Token::name, quoted(c)};
      return;
    }
    if (std::string_view("=!<>(),").find(c) != std::string_view::npos) {
      std::size_t length = at_ + 1 < text_.size() && text_[at_ + 1] == '=' && c != '(' && c != ')' && c != ',' ? 2 : 1;
      token_ = {Token::sign, std::string(text_.substr(at_, length))};
      at_ += length;
      return;
    }
    std::size_t end = at_;
    bool digits = std::isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '+' || c == '.';
    // A key may hold what no sign is; a dot before a quote parts the group from its quoted key.
    while (end < text_.size() && !std::isspace(static_cast<unsigned char>(text_[end])) &&
           std::string_view("=!<>(),'\"`").find(text_[end]) == std::string_view::npos)
      end++;
    if (end == at_) throw wrong("a word");
    token_ = {digits ? Token::number : Token::word, std::string(text_.substr(at_, end - at_))};
    at_ = end;
  }

  // Behind the opening quote to the closing one; a doubled quote stands for itself.
  std::string quoted(char quote) {
    std::string value;
    while (true) {
      auto end = text_.find(quote, ++at_);
      if (end == std::string_view::npos) throw wrong("a closing quote");
      value += text_.substr(at_, end - at_);
      at_ = end + 1;
      if (at_ == text_.size() || text_[at_] != quote) return value;
      value += quote;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0, start_ = 0;
  Token token_{};
};

std::string group_of(const std::string& word) {
  static const std::map<std::string, std::string> groups{
      {"metric", "metric"},       {"metrics", "metric"},       {"param", "param"},    {"params", "param"},
      {"parameter", "param"},     {"parameters", "param"},     {"tag", "tag"},        {"tags", "tag"},
      {"attribute", "attribute"}, {"attributes", "attribute"}, {"attr", "attribute"}, {"run", "attribute"},
      {"dataset", "dataset"},     {"datasets", "dataset"},
  };
  auto it = groups.find(word);
  return it == groups.end() ? std::string() : it->second;
}

// "metrics.loss", metrics."my loss", "status"
std::pair<std::string, std::string> take_key(Tokens& tokens) {
  Token token = tokens.peek();
  if (token.kind == Token::name) return {"attribute", tokens.take().value};
  if (token.kind != Token::word) throw tokens.wrong("a key such as metrics.loss");
  auto dot = token.value.find('.');
  if (dot == std::string::npos) return {"attribute", tokens.take().value};
  std::string group = group_of(token.value.substr(0, dot));
  if (group.empty()) throw tokens.wrong("metrics., params., tags., attributes. or datasets.");
  tokens.take();
  std::string key = token.value.substr(dot + 1);
  if (key.empty()) {
    if (tokens.peek().kind != Token::name && tokens.peek().kind != Token::text) throw tokens.wrong("a key");
    key = tokens.take().value;
  }
  return {group, key};
}

json::value take_value(Tokens& tokens) {
  Token token = tokens.peek();
  if (token.kind == Token::text || token.kind == Token::name) return json::value(tokens.take().value);
  if (token.kind != Token::number) throw tokens.wrong("a number or a 'text'");
  const char *begin = token.value.data(), *all = begin + token.value.size();
  std::int64_t whole = 0;
  if (auto [end, error] = std::from_chars(begin, all, whole); error == std::errc() && end == all) {
    tokens.take();
    return whole;
  }
  double number = 0;
  auto [end, error] = std::from_chars(begin, all, number);
  bool digits = token.value.find_first_of("0123456789") != std::string::npos;  // not "-inf"
  if (!digits || end != all || error == std::errc::invalid_argument) throw tokens.wrong("a number");
  if (error == std::errc::result_out_of_range) number = token.value.starts_with('-') ? -HUGE_VAL : HUGE_VAL;
  tokens.take();
  return number;
}

void take_comparison(Tokens& tokens, Clause& clause) {
  if (tokens.peek().kind == Token::sign) {
    clause.comparison = tokens.take().value;
    for (auto known : {"=", "!=", "<", "<=", ">", ">="})
      if (clause.comparison == known) {
        clause.values = {take_value(tokens)};
        return;
      }
    throw tokens.wrong("a comparison");
  }
  bool negated = tokens.take_word("NOT");
  if (tokens.take_word("IN")) {
    clause.comparison = negated ? "NOT IN" : "IN";
    if (!tokens.take_sign("(")) throw tokens.wrong("(");
    do {
      if (tokens.peek().kind != Token::text && tokens.peek().kind != Token::name)
        throw tokens.wrong("a list of quoted string values");
      clause.values.push_back(take_value(tokens));
    } while (tokens.take_sign(","));
    if (!tokens.take_sign(")")) throw tokens.wrong(")");
    return;
  }
  if (!negated && tokens.take_word("IS")) {
    clause.comparison = tokens.take_word("NOT") ? "IS NOT NULL" : "IS NULL";
    if (!tokens.take_word("NULL")) throw tokens.wrong("NULL");
    return;
  }
  if (!negated && tokens.take_word("LIKE"))
    clause.comparison = "LIKE";
  else if (!negated && tokens.take_word("ILIKE"))
    clause.comparison = "ILIKE";
  else
    throw tokens.wrong("a comparison");
  clause.values = {take_value(tokens)};
}

}  // namespace

std::vector<Clause> parse_filter(std::string_view text) {
  std::vector<Clause> clauses;
  Tokens tokens(text);
  if (tokens.peek().kind == Token::end) return clauses;
  do {
    Clause clause;
    std::tie(clause.group, clause.key) = take_key(tokens);
    take_comparison(tokens, clause);
    clauses.push_back(std::move(clause));
  } while (tokens.take_word("AND"));
  if (tokens.peek().kind != Token::end) throw tokens.wrong("and");
  return clauses;
}

Order parse_order(std::string_view text) {
  Tokens tokens(text);
  Order order;
  std::tie(order.group, order.key) = take_key(tokens);
  if (tokens.take_word("DESC"))
    order.descending = true;
  else
    tokens.take_word("ASC");
  if (tokens.peek().kind != Token::end) throw tokens.wrong("ASC or DESC");
  return order;
}

std::string SqlText::bind(SqlValue value) {
  values.push_back(std::move(value));
  return "$" + std::to_string(values.size());
}

static std::string as_glob(std::string_view pattern) {
  std::string glob;
  for (char c : pattern) {
    if (c == '%')
      glob += '*';
    else if (c == '_')
      glob += '?';
    else if (c == '*' || c == '?' || c == '[')
      glob += std::string("[") + c + "]";
    else
      glob += c;
  }
  return glob;
}

void SqlText::compare(const std::string& column, const Clause& clause) {
  if (clause.comparison == "IN" || clause.comparison == "NOT IN") {
    text += column + " " + clause.comparison + " (";
    for (std::size_t i = 0; i < clause.values.size(); i++) text += (i ? ", " : "") + bind(clause.values[i]);
    text += ")";
  } else if (clause.comparison == "LIKE" || clause.comparison == "ILIKE") {
    if (!clause.values.front().is_string())
      throw Error(Code::invalid, clause.key + ": " + clause.comparison + " compares with a 'text'");
    std::string pattern(clause.values.front().get_string());
    if (dialect == Dialect::postgresql)  // a backslash is itself
      text += column + " " + clause.comparison + " " + bind(pattern) + " ESCAPE ''";
    else if (clause.comparison == "ILIKE")  // SQLite's LIKE minds no case; GLOB does
      text += column + " LIKE " + bind(pattern);
    else
      text += column + " GLOB " + bind(as_glob(pattern));
  } else {
    auto& value = clause.values.front();
    std::string bound = bind(value);
    if (value.is_double()) bound = "CAST(" + bound + " AS REAL)";  // the column may be one of whole numbers
    text += column + " " + clause.comparison + " " + bound;
    // As PostgreSQL's indexes are: long values do not fit into them.
    bool indexed = (clause.group == "param" || clause.group == "tag") && clause.comparison == "=";
    if (dialect == Dialect::postgresql && indexed)
      text += " AND substr(" + column + ", 1, 128) = substr(" + bound + ", 1, 128)";
  }
}

}  // namespace gyre

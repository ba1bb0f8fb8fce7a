#include "base/error.hpp"

#include <cerrno>
#include <cstring>

namespace gyre {

static constexpr CodeRow rows[] = {
    {Code::invalid, "invalid", 400, 2},
    {Code::denied, "denied", 403, 3},
    {Code::not_found, "not_found", 404, 4},
    {Code::conflict, "conflict", 409, 5},
    {Code::unsupported, "unsupported", 501, 6},
    {Code::unavailable, "unavailable", 503, 7},
    {Code::full, "full", 507, 8},
    {Code::cancelled, "cancelled", 499, 130},
    {Code::internal, "internal", 500, 1},
};

const CodeRow& row_of(Code code) {
  for (auto& row : rows)
    if (row.code == code) return row;
  return rows[8];
}

Code code_named(std::string_view name) {
  for (auto& row : rows)
    if (row.name == name) return row.code;
  return Code::internal;
}

Error system_error(int error_number, std::string what) {
  what += ": ";
  what += std::strerror(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {Code::full, what, "make room on this disk and try again; nothing was changed"};
    case ENOENT:
    case ENOTDIR:
      return {Code::not_found, what};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Code::denied, what};
    case EEXIST:
      return {Code::conflict, what};
    default:
      return {Code::internal, what};
  }
}

}  // namespace gyre

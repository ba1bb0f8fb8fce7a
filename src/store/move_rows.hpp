#pragma once
// All rows of a workspace from SQLite to PostgreSQL.
#include "base/rows.hpp"

namespace gyre {

// In one transaction of the place they go to; nothing happens when that was done before. Both have every migration.
// Error{conflict} when there are other rows there.
void move_rows(Rows& from_sqlite, Rows& to_postgresql);

}  // namespace gyre

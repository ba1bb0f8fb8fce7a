#pragma once
// Work on several threads.
#include <cstddef>
#include <functional>

namespace gyre {

// Rows in as many ranges as there are threads; few rows are one range.
void for_rows(std::size_t rows, int threads, const std::function<void(std::size_t from, std::size_t to)>& work);
// work(i) for 0 <= i < count, in any order; the first error ends it.
void for_each(std::size_t count, int threads, const std::function<void(std::size_t i)>& work);

}  // namespace gyre

#pragma once
// Work that ends later, without a thread that waits for it.
#include <exception>
#include <functional>

namespace gyre {

// Called once when the work has ended, with what went wrong if something did.
using Then = std::function<void(std::exception_ptr)>;
// Has another thread call this soon.
using Elsewhere = std::function<void(std::function<void()>)>;
// Begins the work. It may end before this returns, on this thread, or later on another.
using Later = std::function<void(Then then, Elsewhere elsewhere)>;

void wait_for(const Later& work);  // throws what went wrong

}  // namespace gyre

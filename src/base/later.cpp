#include "base/later.hpp"

#include <future>

namespace gyre {

void wait_for(const Later& work) {
  auto ended = std::make_shared<std::promise<void>>();  // shared: who tells may still be at it when this returns
  auto future = ended->get_future();
  work(
      [ended](std::exception_ptr failure) {
        if (failure)
          ended->set_exception(failure);
        else
          ended->set_value();
      },
      [](const std::function<void()>& work) { work(); });
  future.get();
}

}  // namespace gyre

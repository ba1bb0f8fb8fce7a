#include "serve/io_thread.hpp"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>

#include "base/clock.hpp"
#include "serve/connection.hpp"

namespace gyre {

static constexpr double sweep_seconds = 0.25;
static constexpr double usual_patience = 15e-6, long_patience = 200e-6;

static void watch(int epoll, int fd, std::uint32_t events, void* who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = who;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) throw system_error(errno, "epoll");
}

IoThread::IoThread(FrontShared& shared)
    : shared_(shared), epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_ || !wake_) throw system_error(errno, "epoll");
  watch(epoll_.get(), wake_.get(), EPOLLIN, nullptr);
  thread_ = std::thread([this] { run(); });
}

IoThread::~IoThread() {
  if (thread_.joinable()) end();
}

void IoThread::end() {
  post([this] { ending_ = true; });
  thread_.join();
}

// The right to touch what is the thread's.
class IoThread::Turn {
 public:
  explicit Turn(IoThread& thread) : thread_(thread), lock_(thread.turn_) { take(); }
  Turn(IoThread& thread, std::try_to_lock_t) : thread_(thread), lock_(thread.turn_, std::try_to_lock) {
    if (lock_) take();
  }
  ~Turn() {
    if (lock_) thread_.owner_ = std::thread::id();
  }
  explicit operator bool() const { return lock_.owns_lock(); }

 private:
  void take() {
    thread_.owner_ = std::this_thread::get_id();
    thread_.now_ = seconds_since_start();
  }
  IoThread& thread_;
  std::unique_lock<std::mutex> lock_;
};

// True: nobody else will see to it.
bool IoThread::add(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
  return posted_.size() == 1;
}

void IoThread::post(std::function<void()> work) {
  if (add(std::move(work))) wake();
}

void IoThread::post_or_do(std::function<void()> work) {
  if (!add(std::move(work))) return;
  Turn turn(*this, std::try_to_lock);
  if (!turn) return wake();
  do_posted();
  if (!closed_.empty()) wake();  // only the thread itself knows that no event names them
}

void IoThread::do_posted() {
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (auto& one : work) one();
}

void IoThread::wake() {
  std::uint64_t one = 1;
  // It cannot fail: the counter is far from full, and a wake that is pending is enough.
  [[maybe_unused]] auto written = ::write(wake_.get(), &one, sizeof one);
}

void IoThread::adopt(FileHandle socket, std::unique_ptr<TlsChannel> tls, const MakeProtocol& make) {
  load_++;
  post([this, connection = std::make_shared<Connection>(*this, std::move(socket), std::move(tls)), make] {
    connection->use(make(*connection));
    connection->deadline_in(shared_.options.header_seconds);
    connections_[connection.get()] = connection;
    watch(epoll_.get(), connection->socket(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, connection.get());
  });
}

void IoThread::accept_on(int listener, std::function<void()> acceptable) {
  post([this, listener, acceptable = std::move(acceptable)] {
    auto& kept = listeners_[listener] = acceptable;
    // The lowest bit tells a listener from a connection: both pointers are even.
    watch(epoll_.get(), listener, EPOLLIN, reinterpret_cast<char*>(&kept) + 1);
  });
}

void IoThread::forget(Connection& connection) {
  auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  closed_.push_back(std::move(found->second));
  connections_.erase(found);
  load_--;
  shared_.connections--;
}

void IoThread::let_go() {
  auto closed = std::move(closed_);
  closed_.clear();
  for (auto& connection : closed) connection->protocol().gone();
}

void IoThread::hold(Connection& connection) {
  round_.begin_waiting();
  held_.push_back(connection.shared_from_this());
}

void IoThread::end_round() {
  round_.end();
  auto held = std::move(held_);
  held_.clear();
  for (auto& connection : held) connection->send_held();
}

void IoThread::sweep() {
  if (now_ < next_sweep_) return;
  next_sweep_ = now_ + sweep_seconds;
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (auto& [raw, connection] : connections_) all.push_back(connection);
  for (auto& connection : all) connection->sweep(now_);
}

// A client that was answered asks again soon: to sleep and be woken costs more than to look for a while, after all
// others that have something to do. Only after work: who has no clients burns nothing. A lone client needs to be woken
// itself before it asks again; where that is seen to be quick, it is waited for longer.
static int next_events(int epoll, std::span<epoll_event> events, bool answered, double& patience) {
  auto wait = [&](double seconds) {
    return ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), static_cast<int>(seconds * 1000));
  };
  if (!answered) return wait(sweep_seconds);
  double began = seconds_since_start();
  while (seconds_since_start() - began < patience) {
    ::sched_yield();
    if (int count = wait(0); count != 0) return count;
  }
  int count = wait(sweep_seconds);
  patience = seconds_since_start() - began < long_patience ? long_patience : usual_patience;
  return count;
}

void IoThread::run() {
  std::array<epoll_event, 256> events;
  round_.belong_to_this_thread();
  double patience = usual_patience;
  bool answered = false, ending = false;
  while (!ending) {
    int count = next_events(epoll_.get(), events, answered, patience);
    Turn turn(*this);
    for (int i = 0; i < count; i++) {
      auto& event = events[static_cast<std::size_t>(i)];
      round_.expect_more(i + 1 < count);
      if (event.data.ptr == nullptr) {
        std::uint64_t many = 0;
        [[maybe_unused]] auto taken = ::read(wake_.get(), &many, sizeof many);
      } else if (reinterpret_cast<std::uintptr_t>(event.data.ptr) & 1) {
        (*reinterpret_cast<std::function<void()>*>(static_cast<char*>(event.data.ptr) - 1))();
      } else {
        shared_.awake.asked();
        static_cast<Connection*>(event.data.ptr)->events(event.events);
        if (!round_.may_wait()) end_round();
      }
    }
    end_round();
    do_posted();
    sweep();
    let_go();
    answered = round_.take_answered();
    ending = ending_;
  }
  Turn turn(*this);
  while (!connections_.empty()) connections_.begin()->second->close();
  let_go();
}

}  // namespace gyre

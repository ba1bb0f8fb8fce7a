#include "serve/connection.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace gyre {

// A client that asked something so lately will ask again: its buffers stay.
static constexpr double busy_seconds = 1;

Connection::Connection(IoThread& thread, FileHandle socket, std::unique_ptr<TlsChannel> tls)
    : thread_(thread), socket_(std::move(socket)), tls_(std::move(tls)) {}
Connection::~Connection() = default;

void Connection::events(std::uint32_t events) {
  if (!open()) return;
  if (events & (EPOLLERR | EPOLLHUP)) return close();
  if (events & EPOLLRDHUP) hung_up_ = true;
  if (events & EPOLLOUT && sending()) flush();
  // A handshake that waited to write goes on by reading.
  if (events & (EPOLLIN | EPOLLRDHUP) || tls_) readable_ = true;
  pump();
}

int Connection::expect(std::size_t bytes) {
  constexpr std::size_t piece = 64 << 10, most = 1 << 20;
  int at = bytes > piece && !tls_ ? static_cast<int>(std::min(bytes, most)) : 1;
  if (at != wakes_at_) ::setsockopt(socket(), SOL_SOCKET, SO_RCVLOWAT, &at, sizeof at);  // it is only slower without
  wakes_at_ = at;
  return std::max(1, at / static_cast<int>(piece));
}

// False when nothing more can be read now.
bool Connection::read_some() {
  if (input_.room_size() == 0) input_.fit(std::max(ByteBuffer::usual, input_.size() * 2));
  std::size_t room = input_.room_size();
  ssize_t count = tls_ ? tls_->receive(input_.room(), room) : ::recv(socket(), input_.room(), room, 0);
  if (count > 0) {
    input_.added(static_cast<std::size_t>(count));
    busy_until_ = thread_.now() + busy_seconds;
    // Less than asked for: the socket is empty, and what comes later is told. An end that was told is still to be read.
    if (!tls_ && static_cast<std::size_t>(count) < room && !hung_up_) readable_ = false;
    return true;
  }
  readable_ = false;
  if (count < 0 && errno == EINTR) readable_ = true;
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) close();
  return readable_;
}

void Connection::pump() {
  if (lingering_) return discard();
  if (pumping_) return;
  pumping_ = true;
  auto self = shared_from_this();
  while (open() && !closing_ && readable_ && !sending() && protocol_->wants_input()) {
    std::size_t before = input_.size();
    if (!read_some()) break;
    if (input_.size() > before) protocol_->received();
  }
  pumping_ = false;
}

void Connection::send(std::string_view head, std::string body) {
  if (!open()) return;
  std::size_t sent = 0;
  bool hold = !sending() && body.size() <= ByteBuffer::usual && thread_.may_hold();
  if (!sending() && (hold || tls_)) {
    unsent_.assign(head);
    unsent_ += body;
    sent_ = 0;
    send_deadline_ = thread_.now() + thread_.shared().options.piece_seconds;
    return hold ? thread_.hold(*this) : flush();
  }
  if (!sending()) {
    iovec parts[2] = {{const_cast<char*>(head.data()), head.size()}, {body.data(), body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = body.empty() ? 1 : 2;
    ssize_t count = ::sendmsg(socket(), &message, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return close();
    sent = count > 0 ? static_cast<std::size_t>(count) : 0;
    if (sent == head.size() + body.size()) {
      if (closing_) linger();
      return;
    }
    unsent_.clear();
    sent_ = 0;
  }
  send_deadline_ = thread_.now() + thread_.shared().options.piece_seconds;
  if (sent < head.size()) unsent_.append(head.substr(sent));
  std::size_t of_body = sent > head.size() ? sent - head.size() : 0;
  if (unsent_.empty() && body.size() > ByteBuffer::usual) {
    unsent_ = std::move(body);
    sent_ = of_body;
  } else {
    unsent_.append(body, of_body);
  }
}

void Connection::send_held() {
  if (!open() || !sending()) return;
  flush();
  pump();
}

void Connection::flush() {
  while (sending()) {
    const char* rest = unsent_.data() + sent_;
    std::size_t size = unsent_.size() - sent_;
    ssize_t count = tls_ ? tls_->send(rest, size) : ::send(socket(), rest, size, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count <= 0) return close();
    sent_ += static_cast<std::size_t>(count);
    send_deadline_ = thread_.now() + thread_.shared().options.piece_seconds;
  }
  if (unsent_.capacity() > ByteBuffer::usual) unsent_ = {};
  unsent_.clear();
  sent_ = 0;
  send_deadline_ = 0;
  if (closing_) return linger();
  protocol_->all_sent();
}

void Connection::close_when_sent() {
  closing_ = true;
  if (!sending()) linger();
}

// A socket that is closed with bytes unread makes the kernel throw away what the client has not read yet: the answer
// that tells it why. So the client gets a moment to see the end and leave.
void Connection::linger() {
  if (!open() || lingering_) return;
  lingering_ = true;
  if (tls_) tls_->say_end();
  ::shutdown(socket(), SHUT_WR);
  deadline_in(2);
  discard();
}

void Connection::discard() {
  char scrap[16384];
  for (int i = 0; open() && i < 64; i++) {
    ssize_t count = ::recv(socket(), scrap, sizeof scrap, 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count == 0 || (count < 0 && errno != EINTR)) close();
  }
  if (open()) thread_.post([self = shared_from_this()] { self->discard(); });  // others have their turn
}

void Connection::close() {
  if (!open()) return;
  tls_.reset();
  socket_.reset();
  thread_.forget(*this);
}

void Connection::sweep(double now) {
  if (!open()) return;
  if (lingering_) {
    if (now > deadline_) close();
  } else if (sending()) {
    if (send_deadline_ > 0 && now > send_deadline_) close();
  } else if (thread_.shared().draining && protocol_->idle()) {
    close();
  } else if (deadline_ > 0 && now > deadline_) {
    deadline_ = 0;
    protocol_->timed_out();
  } else if (now > busy_until_ && input_.empty() && protocol_->idle()) {
    input_.release();  // ten thousand idle clients shall cost little
    unsent_ = {};
  }
}

}  // namespace gyre

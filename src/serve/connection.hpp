#pragma once
// A socket with its buffers, on one I/O thread; what the bytes mean is its protocol's.
#include <memory>
#include <string>

#include "serve/byte_buffer.hpp"
#include "serve/io_thread.hpp"
#include "server/tls_channel.hpp"

namespace gyre {

class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual void received() = 0;           // the input has more bytes
  virtual bool wants_input() const = 0;  // false: what comes is left in the socket
  virtual bool idle() const = 0;         // nothing is lost by closing
  virtual void timed_out() = 0;          // the deadline has passed
  virtual void gone() {}                 // the socket is closed: nothing else is called any more
  virtual void all_sent() {}             // nothing waits to be sent any more
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(IoThread& thread, FileHandle socket, std::unique_ptr<TlsChannel> tls);
  ~Connection();
  Connection(const Connection&) = delete;
  void use(std::unique_ptr<Protocol> protocol) { protocol_ = std::move(protocol); }
  Protocol& protocol() { return *protocol_; }
  IoThread& thread() { return thread_; }
  ByteBuffer& input() { return input_; }
  int socket() const { return socket_.get(); }
  bool open() const { return static_cast<bool>(socket_); }

  void events(std::uint32_t events);
  void pump();  // reads as long as there is something and the protocol wants it
  void send(std::string_view head, std::string body = {});
  void send_held();  // by the thread, what it was asked to hold
  bool sending() const { return sent_ < unsent_.size(); }
  void close_when_sent();
  void close();
  void deadline_in(double seconds) { deadline_ = thread_.now() + seconds; }
  // So many bytes are still to come: of a large body the thread is woken for large pieces only, while others compute.
  // Gives how many pieces of 64 KiB it will be woken for, at least one.
  int expect(std::size_t bytes);
  void sweep(double now);

 private:
  bool read_some();
  void flush();
  void linger();
  void discard();
  IoThread& thread_;
  FileHandle socket_;
  std::unique_ptr<TlsChannel> tls_;  // empty: plain
  ByteBuffer input_;
  std::string unsent_;
  std::size_t sent_ = 0;  // of unsent_
  double deadline_ = 0;   // 0: none
  double send_deadline_ = 0;
  double busy_until_ = 0;
  int wakes_at_ = 1;  // bytes in the socket
  bool readable_ = false;
  bool hung_up_ = false;
  bool closing_ = false;
  bool pumping_ = false;
  bool lingering_ = false;  // the last answer is sent; what still comes is thrown away
  std::unique_ptr<Protocol> protocol_;
};

}  // namespace gyre

// What a request over loopback costs where nothing is done with it: reads what comes, answers 256 bytes. usage:
// gyre-echo PORT
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int count, char** words) {
  int listener = ::socket(AF_INET, SOCK_STREAM, 0), on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(count > 1 ? std::atoi(words[1]) : 0));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 16) != 0)
    return std::perror("gyre-echo"), 1;
  int epoll = ::epoll_create1(0);
  auto watch = [&](int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  };
  watch(listener);
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 256\r\n\r\n" + std::string(256, 'x');
  char bytes[1 << 16];
  epoll_event event{};
  while (::epoll_wait(epoll, &event, 1, -1) >= 0) {
    if (event.data.fd == listener) {
      int client = ::accept(listener, nullptr, nullptr);
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(client);
    } else if (::read(event.data.fd, bytes, sizeof bytes) <= 0 ||
               ::write(event.data.fd, answer.data(), answer.size()) < 0) {
      ::close(event.data.fd);
    }
  }
}

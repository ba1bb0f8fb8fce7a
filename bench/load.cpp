// The client of the benchmarks: keeps connections busy with requests and says how many were answered and how quickly.
// The same for every server, and quick enough not to be what is measured.
//
//   gyre-load PORT CONNECTIONS SECONDS FILE [poll]
//
// With "poll" a client that waits for an answer does not sleep: on a virtual machine to wake it up takes longer than
// many an answer.
//
// FILE has requests one after the other: a line "METHOD PATH [Header: value]...", a line with the body's length, the
// body. "%N" in a body becomes a number never used before. Connection i sends the (i mod count)th one over and over.
// Printed: one line of JSON.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Asked {
  std::string head;  // without the length
  std::string body;
};

std::vector<Asked> read_requests(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<Asked> requests;
  std::string line, length;
  while (std::getline(in, line) && std::getline(in, length)) {
    std::string body(std::stoul(length), '\0');
    in.read(body.data(), static_cast<std::streamsize>(body.size()));
    in.ignore(1);
    auto space = line.find(' '), end = line.find('\t');
    std::string head = line.substr(0, space) + " " + line.substr(space + 1, end - space - 1) +
                       " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n";
    for (; end != std::string::npos; end = line.find('\t', end + 1))
      head += line.substr(end + 1, line.find('\t', end + 1) - end - 1) + "\r\n";
    requests.push_back({head, body});
  }
  return requests;
}

int connect_to(int port) {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0), on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("connect");
    std::exit(1);
  }
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

bool send_all(int fd, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    ssize_t count = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

// The status, 0 when the connection broke. Understands a length and chunks.
int read_answer(int fd, bool poll, std::string& buffer, std::size_t& bytes) {
  buffer.clear();
  static thread_local char piece[1 << 16];
  auto more = [&] {
    ssize_t count;
    do count = ::recv(fd, piece, sizeof piece, poll ? MSG_DONTWAIT : 0);
    while (count < 0 && errno == EAGAIN);
    if (count > 0) buffer.append(piece, static_cast<std::size_t>(count));
    return count > 0;
  };
  std::size_t end;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
    if (!more()) return 0;
  std::string head = buffer.substr(0, end);
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
  if (auto at = head.find("content-length:"); at != std::string::npos) {
    std::size_t length = std::strtoul(head.c_str() + at + 15, nullptr, 10);
    while (buffer.size() < end + 4 + length)
      if (!more()) return 0;
  } else {
    while (!buffer.ends_with("0\r\n\r\n"))
      if (!more()) return 0;
  }
  bytes += buffer.size();
  return std::atoi(head.c_str() + 9);
}

}  // namespace

int main(int argc, char** argv) {
  bool poll = argc == 6 && std::strcmp(argv[5], "poll") == 0;
  if (argc != 5 && !poll) return std::fprintf(stderr, "usage: gyre-load PORT CONNECTIONS SECONDS FILE [poll]\n"), 2;
  int port = std::atoi(argv[1]), connections = std::atoi(argv[2]);
  double seconds = std::atof(argv[3]);
  auto requests = read_requests(argv[4]);
  if (requests.empty()) return std::fprintf(stderr, "gyre-load: no request in %s\n", argv[4]), 2;

  std::atomic<std::uint64_t> fresh{
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count())};
  std::mutex mutex;  // guards what the threads add up
  std::vector<double> times;
  std::size_t failed = 0, received = 0;
  std::string first_failure;
  auto start = Clock::now(),
       end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; i++)
    threads.emplace_back([&, i] {
      const Asked& asked = requests[static_cast<std::size_t>(i) % requests.size()];
      int fd = connect_to(port);
      std::vector<double> own;
      std::size_t bad = 0, bytes = 0;
      std::string answer, body, failure;
      while (Clock::now() < end) {
        body.clear();
        for (std::size_t at = 0; at < asked.body.size();) {
          std::size_t next = std::min(asked.body.find("%N", at), asked.body.size());
          body.append(asked.body, at, next - at);
          if (next < asked.body.size()) body += std::to_string(fresh++);
          at = next + 2;
        }
        std::string request = asked.head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        auto sent = Clock::now();
        int status = send_all(fd, request) ? read_answer(fd, poll, answer, bytes) : 0;
        if (status == 200)
          own.push_back(std::chrono::duration<double, std::milli>(Clock::now() - sent).count());
        else if (bad++ == 0)
          failure = std::to_string(status) + " " + answer.substr(answer.find("\r\n\r\n") + 4, 200);
        if (status == 0) {
          ::close(fd);
          fd = connect_to(port);
        }
      }
      ::close(fd);
      std::lock_guard lock(mutex);
      times.insert(times.end(), own.begin(), own.end());
      failed += bad;
      received += bytes;
      if (first_failure.empty()) first_failure = failure;
    });
  for (auto& thread : threads) thread.join();
  double took = std::chrono::duration<double>(Clock::now() - start).count();
  std::sort(times.begin(), times.end());
  auto at = [&](double share) {
    return times.empty() ? 0 : times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  std::printf(
      "{\"answered\": %zu, \"failed\": %zu, \"seconds\": %.3f, \"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": "
      "%.3f, \"bytes\": %zu}\n",
      times.size(), failed, took, static_cast<double>(times.size()) / took, at(.5), at(.99), received);
  if (failed) std::fprintf(stderr, "gyre-load: %zu failed, the first with %s\n", failed, first_failure.c_str());
  return 0;
}

#include "server/http_server.hpp"

#include <sys/resource.h>

#include <csignal>

#include "base/clock.hpp"
#include "server/testing.hpp"

using namespace gyre;
using namespace gyre::testing;

TEST_CASE("routes over a real socket") {
  Site site;
  auto response = site.get("/hello/an%20%C3%A9?q=a+b");
  CHECK(response.status == 200);
  CHECK(response.content_type == "application/json");
  auto value = parse_json(response.body, "answer");
  CHECK(get_string(value, "name") == "an \xc3\xa9");
  CHECK(get_string(value, "q") == "a b");
  CHECK(get_string(value, "who") == "local");
  CHECK(site.get("/nowhere").status == 404);
  CHECK(http_request("DELETE", site.url("/digits")).status == 405);
  CHECK(site.get("/broken").status == 500);
  CHECK(http_request("POST", site.url("/echo"), "abc").body == "abc");
}

TEST_CASE("bodies of ten megabytes, kept and spooled") {
  Site site;
  std::string bytes = some_bytes(10'000'001);
  CHECK(http_request("POST", site.url("/echo"), bytes).body == bytes);
  write_file(site.folder.path() / "big", bytes);
  auto spooled = http_upload("PUT", site.url("/file"), site.folder.path() / "big");
  CHECK(get_string(parse_json(spooled.body, "answer"), "digest") == digest_of(bytes));
  auto hashed = http_upload("PUT", site.url("/hashed"), site.folder.path() / "big");
  CHECK(get_string(parse_json(hashed.body, "answer"), "digest") == digest_of(bytes));
  auto small = http_request("PUT", site.url("/hashed"), "small");
  CHECK(get_string(parse_json(small.body, "answer"), "digest").empty());  // who wants it has it made faster himself
  CHECK(files_below(site.folder.path() / "spool").empty());

  std::string too_much = some_bytes((12 << 20) + 1);
  auto refused = http_request("POST", site.url("/echo"), too_much);
  CHECK(refused.status == 413);
  CHECK(refused.body.find("larger than 12582912 bytes") != std::string::npos);
  CHECK(http_request("PUT", site.url("/file"), too_much).status == 200);
}

TEST_CASE("a chunked body without a length is limited too") {
  Site site([](ServerOptions& options) { options.body_limit = 100; });
  std::string head = "POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(RawClient(site.port)
            .send(head + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
            .receive_until("}")
            .find("{\"bytes\":5}") != std::string::npos);
  CHECK(RawClient(site.port)
            .send(head + "65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n")
            .receive_all()
            .find(" 413 ") != std::string::npos);
  CHECK(RawClient(site.port).send(head + "zz\r\nabc").receive_all().find(" 400 ") != std::string::npos);
}

TEST_CASE("files: whole, ranges, HEAD") {
  Site site;
  CHECK(site.get("/digits").body == "0123456789");
  auto part = site.get("/digits", {{"Range", "bytes=2-4"}});
  CHECK(part.status == 206);
  CHECK(part.body == "234");
  CHECK(part.headers["Content-Range"] == "bytes 2-4/10");
  CHECK(site.get("/digits", {{"Range", "bytes=-2"}}).body == "89");
  CHECK(site.get("/digits", {{"Range", "bytes=2-4"}, {"If-Range", "\"old\""}}).body == "0123456789");
  auto outside = site.get("/digits", {{"Range", "bytes=10-"}});
  CHECK(outside.status == 416);
  CHECK(outside.headers["Content-Range"] == "bytes */10");
  auto head = http_request("HEAD", site.url("/digits"));
  CHECK(head.status == 200);
  CHECK(head.headers["Content-Length"] == "10");
  CHECK(head.body.empty());
  CHECK(site.get("/nothing").status == 404);
}

TEST_CASE("downloads stream") {
  Site site;
  std::string bytes = some_bytes(3'000'000), got;
  write_file(site.folder.path() / "digits", bytes);
  auto response = http_download(site.url("/digits"), [&](std::string_view piece) { got += piece; });
  CHECK(response.status == 200);
  CHECK(got == bytes);
}

TEST_CASE("requests sent at once are answered in order, on one connection") {
  Site site;
  RawClient client(site.port);
  client.send(
      "GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET "
      "/hello/c "
      "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  std::string all = client.receive_all();
  auto a = all.find("\"a\""), b = all.find("\r\n\r\nhi"), c = all.find("\"c\"");
  CHECK(a < b);
  CHECK(b < c);
  CHECK(c != std::string::npos);
  CHECK(client.closed);
}

TEST_CASE("what is no HTTP is refused, and harms nobody") {
  Site site;
  for (std::string_view bad :
       {"rubbish\r\n\r\n", "GET nowhere HTTP/1.1\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/1.1\r\nno colon here\r\n\r\n"}) {
    CAPTURE(bad);
    CHECK(RawClient(site.port).send(bad).receive_all().find("HTTP/1.1 400 ") == 0);
  }
  CHECK(RawClient(site.port).send("GET / HTTP/1.1\r\nX: " + std::string(40000, 'x')).receive_all().find(" 431 ") !=
        std::string::npos);
  RawClient half(site.port);
  half.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf").hang_up();
  RawClient(site.port).send("GET /hel").hang_up();
  CHECK(site.get("/hello/x").status == 200);
}

TEST_CASE("a half-sent upload leaves no file") {
  Site site;
  RawClient client(site.port);
  client.send("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(200000, 'x'));
  auto spool = site.folder.path() / "spool";
  for (int i = 0; i < 200 && files_below(spool).empty(); i++) ::usleep(10000);
  CHECK(files_below(spool).size() == 1);
  client.hang_up();
  for (int i = 0; i < 200 && !files_below(spool).empty(); i++) ::usleep(10000);
  CHECK(files_below(spool).empty());
}

TEST_CASE("a full disk is answered with 507, and leaves nothing") {
  Site site([](ServerOptions& options) { options.body_limit = 10; });
  rlimit former{};
  ::getrlimit(RLIMIT_FSIZE, &former);
  auto ignore = ::signal(SIGXFSZ, SIG_IGN);
  rlimit small{1 << 20, former.rlim_max};  // the nearest to a small disk that needs no mount
  ::setrlimit(RLIMIT_FSIZE, &small);
  auto response = http_request("PUT", site.url("/file"), some_bytes(3 << 20));
  ::setrlimit(RLIMIT_FSIZE, &former);
  ::signal(SIGXFSZ, ignore);
  CHECK(response.status == 507);
  CHECK(response.body.find("\"code\":\"full\"") != std::string::npos);
  CHECK(files_below(site.folder.path() / "spool").empty());
  CHECK(http_request("PUT", site.url("/file"), "x").status == 200);
}

TEST_CASE("slow clients lose their connection, others do not wait for them") {
  Site site([](ServerOptions& options) {
    options.header_seconds = 0.2;
    options.piece_seconds = 0.2;
    options.idle_seconds = 0.4;
    options.workers = 1;
  });
  double start = seconds_since_start();
  RawClient head(site.port), body(site.port), idle(site.port);
  head.send("GET /hello/x HTTP/1.1\r\nHo");
  body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab");
  CHECK(site.get("/hello/x").status == 200);
  CHECK(head.receive_all().empty());
  CHECK(body.receive_all().empty());
  CHECK(idle.receive_all().empty());
  CHECK(seconds_since_start() - start < 3);
}

TEST_CASE("a handler may take longer than a client may") {
  Site site(
      [](ServerOptions& options) { options.header_seconds = options.piece_seconds = options.idle_seconds = 0.1; });
  CHECK(site.get("/slow").body.find("true") != std::string::npos);
}

TEST_CASE("what is quick is answered while all others wait") {
  std::atomic<bool> go = false;
  std::atomic<int> waiting = 0;
  Site site([](ServerOptions& options) { options.workers = 2; });
  RouteTable others;
  others.mount({{"GET", "/waits", "",
                 [&](Request&) {
                   waiting++;
                   go.wait(false);
                   return json_response({{"waited", true}});
                 }},
                quick({"GET", "/quick", "", [](Request&) {
                         return json_response({{"quick", true}});
                       }})});
  int port = site.server->listen({.routes = &others});
  std::string url = "http://127.0.0.1:" + std::to_string(port);
  std::vector<std::thread> clients;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; i++)
    clients.emplace_back([&] { answered += http_request("GET", url + "/waits").status == 200; });
  while (waiting < 2) ::usleep(1000);
  for (int i = 0; i < 5; i++) CHECK(http_request("GET", url + "/quick", {}, {}, {.timeout_seconds = 2}).status == 200);
  CHECK(waiting == 2);
  go = true;
  go.notify_all();
  for (auto& client : clients) client.join();
  CHECK(answered == 8);
  site.server->stop();
}

TEST_CASE("a client that waits for 100 Continue") {
  Site site;
  RawClient client(site.port);
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(client.send("hello").receive_until("hello").find("200 OK") != std::string::npos);
}

TEST_CASE("stop answers what runs and lets idle ones go") {
  Site site;
  RawClient idle(site.port), busy(site.port);
  idle.send("GET /hello/x HTTP/1.1\r\nHost: x\r\n\r\n").receive_until("}");
  busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  while (site.slow_ones == 0) ::usleep(1000);
  double start = seconds_since_start();
  std::thread stopper([&] { site.server->stop(); });
  std::string answer = busy.receive_all();
  CHECK(answer.find("{\"slow\":true}") != std::string::npos);
  CHECK(answer.find("Connection: close") != std::string::npos);
  busy.hang_up();
  stopper.join();
  CHECK(seconds_since_start() - start < 2);
  CHECK_THROWS_AS(site.get("/hello/x"), Error);
}

TEST_CASE("stop waits for no clock") {
  Site site;
  ::usleep(30'000);  // so that a look at the clock lies ahead
  double start = seconds_since_start();
  site.server->stop();
  CHECK(seconds_since_start() - start < 0.3);
}

TEST_CASE("several listeners, a taken port") {
  Site site;
  RouteTable others;
  others.mount({{"GET", "/v2/", "", [](Request&) { return json_response(json::object()); }}});
  int port = site.server->listen({.routes = &others});
  CHECK(http_request("GET", "http://127.0.0.1:" + std::to_string(port) + "/v2/").status == 200);
  CHECK(site.get("/v2/").status == 404);
  CHECK_THROWS_WITH_AS(site.server->listen({.port = port, .routes = &others}),
                       doctest::Contains("is in use by another program"), Error);
}

TEST_CASE("too many connections are turned away") {
  Site site([](ServerOptions& options) { options.connections = 2; });
  RawClient one(site.port), two(site.port);
  one.send("GET /hello/x HTTP/1.1\r\nHost: x\r\n\r\n").receive_until("}");
  two.send("GET /hello/x HTTP/1.1\r\nHost: x\r\n\r\n").receive_until("}");
  CHECK(RawClient(site.port).receive_all().find("503 Service Unavailable") != std::string::npos);
}

TEST_CASE("the client tells what went wrong") {
  CHECK_THROWS_WITH_AS(http_request("GET", "http://127.0.0.1:1/"), doctest::Contains("127.0.0.1:1: Connection refused"),
                       Error);
  for (auto bad : {"ftp://x/", "127.0.0.1", "http://", "http://a b/", "http://h:x/", "http://u@h/"})
    CHECK_THROWS_AS(http_request("GET", bad), Error);
  Site site;
  CHECK_THROWS_WITH_AS(http_request("GET", site.url("/slow"), {}, {}, {.timeout_seconds = 0.05}),
                       doctest::Contains("was silent"), Error);
}

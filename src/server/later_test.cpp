// Answers that wait for a commit of several, beside handlers that wait themselves.
#include <doctest/doctest.h>

#include <thread>

#include "base/sqlite.hpp"
#include "server/testing.hpp"

using namespace gyre;
using namespace gyre::testing;

TEST_CASE("answers that wait for the disk, and others") {
  TemporaryFolder folder;
  Sqlite rows(folder.path() / "x.db");
  rows.script("CREATE TABLE t (a INTEGER)");
  RouteTable routes;
  routes.mount({quick({"POST", "/w", "",
                       [&](Request&) {
                         Response r{.body = "{}"};
                         r.once = rows.later([&] { rows.run("INSERT INTO t VALUES (1)"); });
                         return r;
                       }}),
                quick({"POST", "/f", "",
                       [&](Request&) {
                         Response r;
                         r.once = rows.later([&] { throw Error(Code::invalid, "no"); });
                         return r;
                       }}),
                {"POST", "/s", "",
                 [&](Request&) {
                   rows.transaction([&] { rows.run("INSERT INTO t VALUES (1)"); });
                   return json_response({{"x", 1}});
                 }},
                {"GET", "/r", "", [&](Request&) {
                   return json_response({{"n", get_int(*rows.one("SELECT count(*) AS n FROM t"), "n")}});
                 }}});
  HttpServer server({.spool = folder.path() / "spool"});
  int port = server.listen({.routes = &routes});
  std::string url = "http://127.0.0.1:" + std::to_string(port);
  std::atomic<int> wrote = 0, failed = 0;
  std::vector<std::thread> clients;
  for (int c = 0; c < 12; c++)
    clients.emplace_back([&, c] {
      for (int i = 0; i < 60; i++) {
        const char* path = c % 4 == 0 ? "/s" : c % 4 == 1 ? "/r" : c % 8 == 2 ? "/f" : "/w";
        auto response = http_request(c % 4 == 1 ? "GET" : "POST", url + path);
        if (std::string_view(path) == "/f") {
          failed += response.status == 400;
          continue;
        }
        if (response.status == 200 && c % 4 != 1) wrote++;
      }
    });
  for (auto& c : clients) c.join();
  server.stop();
  CHECK(get_int(*rows.one("SELECT count(*) AS n FROM t"), "n") == wrote);
  CHECK(wrote == 420);
  CHECK(failed == 120);
}

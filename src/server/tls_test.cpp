#include "base/crypto.hpp"
#include "server/testing.hpp"

using namespace gyre;
using namespace gyre::testing;

TEST_CASE("TLS: who a client is stands in its certificate") {
  TemporaryFolder keys;
  Authority authority(keys.path() / "ca"), stranger(keys.path() / "other");
  auto save = [&](const std::string& name, const Authority::Issued& issued) {
    write_file(keys.path() / (name + ".crt"), issued.certificate_pem);
    write_file(keys.path() / (name + ".key"), issued.key_pem, 0600);
  };
  save("server", authority.issue_server("gyre", {"127.0.0.1"}));
  auto device = authority.issue_device("press-7");
  save("device", device);
  save("foreign", stranger.issue_device("press-7"));
  Site site({}, TlsFiles{.certificate = keys.path() / "server.crt",
                         .key = keys.path() / "server.key",
                         .client_ca = authority.ca(),
                         .revoked = authority.revoked()});
  auto as = [&](const std::string& name) {
    HttpOptions options{.ca = authority.ca()};
    if (!name.empty()) options.certificate = keys.path() / (name + ".crt"), options.key = keys.path() / (name + ".key");
    return options;
  };
  std::string url = site.url("/hello/x", "https");
  CHECK(http_request("GET", url, {}, {}, as("device")).body.find("\"who\":\"press-7\"") != std::string::npos);
  std::string big = some_bytes(2'000'000);
  CHECK(http_request("POST", site.url("/echo", "https"), big, {}, as("device")).body == big);
  CHECK_THROWS_AS(http_request("GET", url, {}, {}, as("")), Error);
  CHECK_THROWS_AS(http_request("GET", url, {}, {}, as("foreign")), Error);
  CHECK_THROWS_WITH_AS(http_request("GET", url, {}, {}, {.ca = stranger.ca()}), doctest::Contains("TLS refused"),
                       Error);
  CHECK(RawClient(site.port).send("GET / HTTP/1.1\r\n\r\n").receive_all().find("HTTP") == std::string::npos);

  authority.revoke(device.serial);
  CHECK_THROWS_AS(http_request("GET", url, {}, {}, as("device")), Error);
}

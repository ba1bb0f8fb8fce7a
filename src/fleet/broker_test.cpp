#include "fleet/broker.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/file.hpp"

using namespace gyre;

TEST_CASE("the broker asks for certificates and takes the client id from them") {
  BrokerOptions options{.port = 9000,
                        .folder = "/f",
                        .ca = "/k/ca.crt",
                        .revoked = "/k/ca.crl",
                        .certificate = "/k/s.crt",
                        .key = "/k/s.key"};
  std::string text = broker_configuration(options);
  for (auto line :
       {"listener 9000 127.0.0.1\n", "require_certificate true\n", "use_identity_as_username true\n",
        "use_username_as_clientid true\n", "allow_anonymous false\n", "crlfile /k/ca.crl\n", "acl_file /f/acl\n"})
    CHECK_MESSAGE(text.find(line) != std::string::npos, line);
}

TEST_CASE("a device may use its own topics; only the server all") {
  CHECK(broker_access_list({}) ==
        "user gyre-server\ntopic readwrite gyre/#\n\npattern write gyre/%u/up\npattern write gyre/%u/state\n"
        "pattern read gyre/%u/desired\npattern read gyre/%u/down\n");
}

TEST_CASE("a broker that cannot start says why") {
  TemporaryFolder folder;
  Broker broker({.port = 1, .folder = folder.path() / "broker", .ca = folder.path() / "none"});
  try {
    broker.start();
    FAIL("it started");
  } catch (const Error& error) {
    CHECK(error.code == Code::unavailable);
    CHECK(error.text().size() > std::string("the MQTT broker does not start: ").size());
  }
}

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "base/file.hpp"
#include "cli/app.hpp"
#include "fleet/service.hpp"
#include "server/authentication.hpp"
#include "server/http_server.hpp"
#include "server/signals.hpp"
#include "store/s3.hpp"

namespace gyre {

namespace {

using Admit = std::function<std::optional<Response>(Request&)>;

struct Options {
  std::string address = "127.0.0.1";
  std::int64_t port = 7080;
  std::int64_t registry_port = 7081;
  std::int64_t mqtt_port = 8883;
  bool auth = false;
  bool tls = false;
  std::string tls_certificate;
  std::string tls_key;
  std::string rows;
  std::string blobs;
  double blobs_here_gb = 0;
  bool let_cores_sleep = false;
};

const std::vector<Field> fields{
    field("address", &Options::address, "address to listen on"),
    field("port", &Options::port, "studio, REST and MLflow; 0 picks a free one", {.min = 0, .max = 65535}),
    field("registry-port", &Options::registry_port, "OCI registry; 0 picks a free one", {.min = 0, .max = 65535}),
    field("mqtt-port", &Options::mqtt_port, "device bus; 0 picks a free one", {.min = 0, .max = 65535}),
    field("auth", &Options::auth, "ask who asks: users have tokens and roles (gyre user)"),
    field("tls", &Options::tls, "speak TLS, with a certificate of this workspace's own authority unless one is given"),
    field("tls-certificate", &Options::tls_certificate, "PEM file of the certificate, the server's own first"),
    field("tls-key", &Options::tls_key, "PEM file of its key"),
    field("rows", &Options::rows,
          "keep rows in PostgreSQL, from now on: postgresql://user@host/database?schema=NAME (default: gyre)"),
    field("blobs", &Options::blobs, "keep content in S3 too, from now on: s3://bucket/prefix?endpoint=URL&region=NAME"),
    field("blobs-here-gb", &Options::blobs_here_gb,
          "with --blobs: what of it may stay on this disk, in gigabytes, from now on; 0: all", {.min = 0}),
    field("let-cores-sleep", &Options::let_cores_sleep,
          "save power: do not keep the cores awake while clients ask in quick succession"),
};

std::string host_of(const std::string& address) { return address == "0.0.0.0" ? "127.0.0.1" : address; }

std::string url_of(const std::string& address, int port, bool tls) {
  return (tls ? "https://" : "http://") + host_of(address) + ":" + std::to_string(port);
}

// Answers of many megabytes go back to the system when they were sent: by default each of many threads would keep its
// own, and mapped pieces would be kept as well after the first was freed.
void keep_memory_small() {
  ::mallopt(M_ARENA_MAX, 4);
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

void check(Options& options) {
  if (!is_loopback(options.address) && !options.auth)
    throw Error(Code::denied, "listening on " + options.address + " would let everybody there do everything",
                "add --auth (and --tls), and give people tokens: gyre user add");
  if (options.tls_certificate.empty() != options.tls_key.empty())
    throw Error(Code::invalid, "--tls-certificate and --tls-key belong together", "give both");
  options.tls = options.tls || !options.tls_certificate.empty();
}

// For every later start and command too. Whether it can be reached is seen when the workspace opens.
void keep_blobs_in(const fs::path& root, const std::string& url) {
  parse_s3_address(url);
  Workspace::keep(root, "blobs", json::string(url));
}

// A certificate of the authority that devices trust already. The registry has it always: devices know no other.
std::optional<TlsFiles> own_tls(const Options& options, Fleet& fleet) {
  if (!options.tls) return {};
  auto own = fleet.server_certificates();
  return TlsFiles{.certificate = own.certificate, .key = own.key};
}

std::optional<TlsFiles> api_tls(const Options& options, Fleet& fleet) {
  if (options.tls_certificate.empty()) return own_tls(options, fleet);
  return TlsFiles{.certificate = fs::absolute(options.tls_certificate), .key = fs::absolute(options.tls_key)};
}

// What TLS calls "anonymous" works on this machine, as without TLS, when nobody is asked for a name.
std::optional<Response> admit_everybody(Request& request) {
  request.who = "local";
  return {};
}

// Devices know broker and registry by their ports: 0 takes those of the last time when they are free, else new ones.
int listen_at_usual_port(HttpServer& server, Listener listener, std::int64_t wanted, int last) {
  listener.port = wanted ? static_cast<int>(wanted) : last;
  try {
    return server.listen(listener);
  } catch (const Error&) {
    if (wanted || !last) throw;
  }
  listener.port = 0;
  return server.listen(listener);
}

int run(const json::object& values, CommandContext& context) {
  auto options = from_fields<Options>(fields, values, "up");
  check(options);
  keep_memory_small();
  StopSignals signals;
  fs::path root;
  try {
    root = Workspace::find(fs::current_path());
  } catch (const Error& error) {
    if (error.code != Code::not_found || std::getenv("GYRE_HOME")) throw;
    root = Workspace::init(fs::current_path());
    std::printf("made a workspace: %s\n", root.c_str());
  }
  if (!options.blobs.empty()) keep_blobs_in(root, options.blobs);
  if (options.blobs_here_gb > 0) Workspace::keep(root, "blobs_here_gb", options.blobs_here_gb);
  if (!options.rows.empty()) Workspace::keep_rows_in(root, options.rows);
  App app(root);
  auto log = [](std::string_view line) {
    std::fprintf(stderr, "%s %.*s\n", iso_now().c_str(), int(line.size()), line.data());
  };
  HttpServer server({.spool = app.workspace.run_folder() / "spool", .awake = !options.let_cores_sleep, .log = log});
  Authentication authentication(app.users, {"/api/health", "/version", "/health"});
  Admit admit = admit_everybody, admit_readers = admit_everybody;
  if (options.auth) {
    admit = [&](Request& request) { return authentication.admit(request); };
    admit_readers = [&](Request& request) { return authentication.admit_readers(request); };
  }
  int port = server.listen({.address = options.address,
                            .port = int(options.port),
                            .routes = &app.api,
                            .tls = api_tls(options, app.fleet),
                            .admit = admit});
  FleetAddresses last = app.fleet.addresses();  // the usual ports when there was no last time
  int last_registry = std::atoi(last.registry.substr(last.registry.rfind(':') + 1).c_str());
  int registry_port = listen_at_usual_port(
      server,
      {.address = options.address, .routes = &app.registry, .tls = own_tls(options, app.fleet), .admit = admit_readers},
      options.registry_port, last_registry);
  std::string url = url_of(options.address, port, options.tls),
              registry = url_of(options.address, registry_port, options.tls);
  app.engine.environment("GYRE_URL", url);
  if (options.auth) app.engine.environment("GYRE_TOKEN", authentication.local_token());
  std::string authority =
      options.tls && options.tls_certificate.empty() ? app.fleet.server_certificates().ca.string() : "";
  if (!authority.empty()) app.engine.environment("GYRE_CA", authority);
  std::optional<FleetService> devices;
  int mqtt_port = 0;
  for (int attempts = 3; !devices; last.port = 0) {
    mqtt_port = options.mqtt_port ? static_cast<int>(options.mqtt_port) : free_port(options.address, last.port);
    app.fleet.set_addresses({.host = host_of(options.address), .port = mqtt_port, .registry = registry});
    try {
      devices.emplace(app.fleet, options.address, log);
      devices->start();
    } catch (const Error&) {
      devices.reset();
      // A port that was free a moment ago may be another program's by now.
      if (options.mqtt_port || --attempts == 0) throw;
    }
  }
  json::object state{{"url", url}, {"registry", registry}, {"mqtt_port", mqtt_port}, {"pid", ::getpid()}};
  if (!authority.empty()) state["ca"] = authority;
  json::object shown = state;
  if (options.auth) state["token"] = authentication.local_token();  // the file is for this account only
  fs::path state_file = app.workspace.run_folder() / "server.json";
  app.engine.resume();
  app.sweeps.resume();
  write_file(state_file, pretty(state), 0600);  // last: who finds it finds a server that has started
  if (context.json)
    context.print(shown);
  else
    std::printf("gyre is up: %s  registry %s\nworkspace %s; Ctrl-C ends it\n", url.c_str(), registry.c_str(),
                root.c_str());
  if (options.auth && app.users.list().empty() && !context.json)
    std::printf("there are no users yet: gyre user add NAME --admin\n");
  std::fflush(stdout);
  signals.wait();
  std::printf("stopping\n");
  fs::remove(state_file);
  server.stop();
  devices->stop();
  return 0;
}

}  // namespace

extern const Command command_up{.words = "up",
                                .help = "Serve this workspace: REST, registry, device bus",
                                .arguments = {},
                                .options = fields,
                                .run = run};

}  // namespace gyre

#include "serve/access.hpp"

#include "base/crypto.hpp"
#include "base/file.hpp"
#include "base/http_environment.hpp"
#include "store/workspace.hpp"

namespace gyre {

static bool is_loopback(const std::string& address) { return address.starts_with("127."); }

void check_access(const AccessOptions& options) {
  bool asks = options.auth || !options.key_file.empty();
  if (!is_loopback(options.address) && !asks)
    throw Error(Code::denied, "listening on " + options.address + " would let everybody there use and change models",
                "add --key-file FILE, or --auth for tokens of the workspace's users (and --tls)");
  if (options.tls_certificate.empty() != options.tls_key.empty())
    throw Error(Code::invalid, "--tls-certificate and --tls-key belong together", "give both");
  if ((options.requests_per_second > 0 || options.at_once > 0) && !asks)
    throw Error(Code::invalid, "--requests-per-second and --at-once are limits of a key, and nobody is asked for one",
                "add --key-file FILE or --auth");
}

static fs::path workspace_folder(std::string_view why) {
  try {
    return Workspace::find(fs::current_path());
  } catch (const Error& error) {
    if (error.code != Code::not_found) throw;
    throw Error(Code::not_found, std::string(why) + " needs a workspace, and there is none here",
                "gyre init makes one");
  }
}

// Like the broker's: kept as long as the name in it fits.
static TlsFiles own_certificate(const std::string& address) {
  auto keys = workspace_folder("--tls without a certificate") / "keys";
  auto folder = keys / "serve";
  make_folders(folder);
  TlsFiles files{.certificate = folder / "server.crt", .key = folder / "server.key"};
  auto names = folder / "names";  // written last: it says that certificate and key belong together
  if (fs::exists(names) && read_file(names) == address) return files;
  remove_tree(names);
  auto issued = Authority(keys / "authority").issue_server("gyre-serve", {address});
  write_file(files.certificate, issued.certificate_pem);
  write_file(files.key, issued.key_pem, 0600);
  write_file(names, address);
  return files;
}

std::optional<TlsFiles> tls_files(const AccessOptions& options) {
  if (!options.tls_certificate.empty())
    return TlsFiles{.certificate = fs::absolute(options.tls_certificate), .key = fs::absolute(options.tls_key)};
  if (!options.tls) return {};
  return own_certificate(options.address);
}

// $GYRE_URL, or the server that says in the workspace where it listens.
static TokenUsers::Where users_server() {
  if (const char* url = std::getenv("GYRE_URL"); url && *url)
    return [url = std::string(url)] { return std::pair(url, http_options_from_environment()); };
  auto state_file = workspace_folder("--auth") / "run" / "server.json";
  return [state_file] {
    if (!fs::exists(state_file))
      throw Error(Code::unavailable, "the workspace's server does not run", "gyre up --auth knows the users");
    auto state = read_json_file(state_file);
    return std::pair(get_string(state, "url"), HttpOptions{.ca = string_or(state, "ca", "")});
  };
}

std::unique_ptr<Admission> make_admission(const AccessOptions& options) {
  if (!options.auth && options.key_file.empty()) return nullptr;
  CallerLimits usual{options.requests_per_second, static_cast<std::size_t>(options.at_once)};
  std::unique_ptr<KeyFile> keys;
  std::unique_ptr<TokenUsers> users;
  if (!options.key_file.empty()) keys = std::make_unique<KeyFile>(fs::absolute(options.key_file), usual);
  if (options.auth) {
    auto where = users_server();
    where();  // said now, not to the first client
    users = std::make_unique<TokenUsers>(std::move(where), usual);
  }
  return std::make_unique<Admission>(std::move(keys), std::move(users));
}

}  // namespace gyre

#include "pack/oci_routes.hpp"

#include <charconv>
#include <memory>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "pack/uploads.hpp"

namespace gyre {

namespace {

constexpr std::uint64_t largest_manifest = 4 << 20;  // the specification's bound
constexpr std::int64_t most_in_a_list = 1000;

// What a path below /v2/ names: names hold slashes, so the kind is found from the right.
struct Target {
  std::string repository;
  std::string kind;  // blobs | uploads | manifests | tags | referrers
  std::string reference;
};

Target target_of(const std::string& path) {
  auto unknown = [&] { return RegistryError(Code::not_found, 404, "NAME_UNKNOWN", "nothing is at /v2/" + path); };
  auto slash = path.rfind('/');
  if (slash == path.npos) throw unknown();
  Target target{path.substr(0, slash), {}, path.substr(slash + 1)};
  for (auto [ending, kind] : {std::pair{"/blobs/uploads", "uploads"},
                              {"/blobs", "blobs"},
                              {"/manifests", "manifests"},
                              {"/tags", "tags"},
                              {"/referrers", "referrers"}}) {
    if (!target.repository.ends_with(ending)) continue;
    target.kind = kind;
    target.repository.resize(target.repository.size() - std::string_view(ending).size());
    break;
  }
  // "blobs/uploads" without an id, and with no slash behind it.
  if (target.kind == "blobs" && target.reference == "uploads") target = {target.repository, "uploads", ""};
  if (target.kind.empty() || (target.kind == "tags" && target.reference != "list")) throw unknown();
  if (!is_image_name(target.repository))
    throw RegistryError(Code::invalid, 400, "NAME_INVALID",
                        "\"" + target.repository + "\" cannot be a repository's name",
                        "lower case letters and digits, joined by . _ - and /");
  return target;
}

std::string address(const Target& target, std::string_view kind, std::string_view reference) {
  return "/v2/" + target.repository + "/" + std::string(kind) + "/" + std::string(reference);
}

Response empty_response(int status, Headers headers) {
  return {.status = status, .content_type = "text/plain", .headers = std::move(headers)};
}

Response upload_response(int status, const Target& target, const std::string& id, std::uint64_t size) {
  return empty_response(status, {{"Location", address(target, "blobs/uploads", id)},
                                 {"Range", "0-" + std::to_string(size ? size - 1 : 0)},
                                 {"Docker-Upload-UUID", id}});
}

Response created(const Target& target, std::string_view kind, const std::string& digest) {
  return empty_response(201, {{"Location", address(target, kind, digest)}, {"Docker-Content-Digest", digest}});
}

std::optional<std::uint64_t> number_at(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return {};
  return value;
}

std::string header(const Request& request, std::string_view name) {
  auto it = request.headers.find(name);
  return it == request.headers.end() ? "" : it->second;
}

// ?n= and ?last=, and where the next page begins.
struct Page {
  std::int64_t most;
  std::string last;
  explicit Page(const Request& request) : most(most_in_a_list), last(request.query_value("last").value_or("")) {
    if (auto n = request.query_value("n")) {
      auto value = number_at(*n);
      if (!value) throw RegistryError(Code::invalid, 400, "UNSUPPORTED", "n=" + *n + " is no number");
      most = std::min<std::int64_t>(most, static_cast<std::int64_t>(std::min<std::uint64_t>(*value, most_in_a_list)));
    }
  }
  // `names` holds one more than the page when there is a next one.
  Response response(const std::string& path, std::string_view key, std::vector<std::string> names,
                    json::object body) const {
    bool more = static_cast<std::int64_t>(names.size()) > most;
    if (more) names.resize(static_cast<std::size_t>(most));
    body[key] = json::value_from(names);
    Response response = json_response(body);
    if (more && !names.empty())
      response.headers["Link"] =
          "<" + path + "?n=" + std::to_string(most) + "&last=" + names.back() + ">; rel=\"next\"";
    return response;
  }
};

class RegistryServer {
 public:
  RegistryServer(Workspace& workspace, std::function<bool(const Request&)> may_write)
      : registry_(workspace), uploads_(registry_), may_write_(std::move(may_write)) {}

  Response get(const Request& request) {
    std::string path = request.param("path");
    if (path.empty()) {
      Response response = json_response(json::object());
      response.headers["Docker-Distribution-Api-Version"] = "registry/2.0";
      return response;
    }
    if (path == "_catalog") {
      Page page(request);
      return page.response("/v2/_catalog", "repositories", registry_.repositories(page.last, page.most + 1), {});
    }
    Target target = target_of(path);
    if (target.kind == "blobs") return get_blob(target);
    if (target.kind == "manifests") return get_manifest(target);
    if (target.kind == "uploads")
      return upload_response(204, target, target.reference, uploads_.size(target.repository, target.reference));
    if (target.kind == "referrers") return get_referrers(request, target);
    Page page(request);
    return page.response(address(target, "tags", "list"), "tags",
                         registry_.tags(target.repository, page.last, page.most + 1), {{"name", target.repository}});
  }

  Response post(const Request& request) {
    Target target = writable(request);
    if (target.kind != "uploads" || !target.reference.empty()) throw unsupported(request);
    auto mount = request.query_value("mount"), from = request.query_value("from"),
         digest = request.query_value("digest");
    if (mount && from && registry_.has_blob(*from, *mount)) {
      registry_.link_blob(target.repository, *mount);
      return created(target, "blobs", *mount);
    }
    std::string id = uploads_.start(target.repository);
    if (!digest) return upload_response(202, target, id, uploads_.append(target.repository, id, request));
    uploads_.finish(target.repository, id, request, *digest);
    return created(target, "blobs", *digest);
  }

  Response patch(const Request& request) {
    Target target = writable(request);
    if (target.kind != "uploads") throw unsupported(request);
    std::optional<std::uint64_t> first;
    if (std::string range = header(request, "Content-Range"); !range.empty()) {
      std::string_view text = range;
      if (text.starts_with("bytes ")) text.remove_prefix(6);
      first = number_at(text);
      if (!first)
        throw RegistryError(Code::invalid, 416, "BLOB_UPLOAD_INVALID",
                            "Content-Range: " + range + " is not understood");
    }
    return upload_response(202, target, target.reference,
                           uploads_.append(target.repository, target.reference, request, first));
  }

  Response put(const Request& request) {
    Target target = writable(request);
    if (target.kind == "uploads") {
      std::string digest = request.query_value("digest").value_or("");
      uploads_.finish(target.repository, target.reference, request, digest);
      return created(target, "blobs", digest);
    }
    if (target.kind != "manifests") throw unsupported(request);
    if (request.body_file && fs::file_size(*request.body_file) > largest_manifest)
      throw RegistryError(Code::invalid, 413, "SIZE_INVALID", "a manifest has at most 4 MiB");
    std::string bytes = request.body_file ? read_file(*request.body_file) : request.body;
    std::string type = header(request, "Content-Type");
    type = type.substr(0, type.find(';'));
    std::string digest = registry_.put_manifest(target.repository, target.reference, type, bytes);
    Response response = created(target, "manifests", digest);
    if (auto subject = registry_.subject_of(target.repository, digest)) response.headers["OCI-Subject"] = *subject;
    return response;
  }

  Response erase(const Request& request) {
    Target target = writable(request);
    if (target.kind == "blobs") {
      registry_.delete_blob(target.repository, target.reference);
    } else if (target.kind == "manifests") {
      registry_.delete_manifest(target.repository, target.reference);
    } else if (target.kind == "uploads") {
      uploads_.cancel(target.repository, target.reference);
      return empty_response(204, {});
    } else {
      throw unsupported(request);
    }
    return empty_response(202, {});
  }

 private:
  static RegistryError unsupported(const Request& request) {
    return {Code::unsupported, 405, "UNSUPPORTED", request.method + " is not possible on " + request.path};
  }

  Target writable(const Request& request) const {
    if (may_write_ && !may_write_(request))
      throw RegistryError(Code::denied, 403, "DENIED", request.who + " may read from this registry only");
    return target_of(request.param("path"));
  }

  Response get_blob(const Target& target) {
    Descriptor blob = registry_.get_blob(target.repository, target.reference);
    Response response{.content_type = blob.type, .headers = {{"Docker-Content-Digest", blob.digest}}};
    response.file = registry_.workspace().blobs().path(blob.digest);
    return response;
  }

  Response get_manifest(const Target& target) {
    StoredManifest manifest = registry_.get_manifest(target.repository, target.reference);
    return {.content_type = manifest.type,
            .body = std::move(manifest.bytes),
            .headers = {{"Docker-Content-Digest", manifest.digest}, {"ETag", "\"" + manifest.digest + "\""}}};
  }

  Response get_referrers(const Request& request, const Target& target) {
    std::string type = request.query_value("artifactType").value_or("");
    Response response = json_response(registry_.referrers(target.repository, target.reference, type));
    response.content_type = index_type;
    if (!type.empty()) response.headers["OCI-Filters-Applied"] = "artifactType";
    return response;
  }

  Registry registry_;
  Uploads uploads_;
  std::function<bool(const Request&)> may_write_;
};

}  // namespace

Response oci_error_response(const Error& error) {
  auto* known = dynamic_cast<const RegistryError*>(&error);
  int status = known ? known->status : row_of(error.code).http_status;
  std::string name = known ? known->name : error.code == Code::invalid ? "UNSUPPORTED" : "UNKNOWN";
  json::object one{{"code", name}, {"message", error.text()}};
  if (!error.hint.empty()) one["detail"] = error.hint;
  return json_response({{"errors", json::array{one}}}, status);
}

std::vector<Route> oci_routes(Workspace& workspace, std::function<bool(const Request&)> may_write) {
  // The routes share it: handlers are copied into the table and outlive this call.
  auto server = std::make_shared<RegistryServer>(workspace, std::move(may_write));
  static const std::string all = "/v2/{path...}";
  return {
      {"GET", all, "Blobs, manifests, tags/list, referrers, upload status; HEAD too",
       [server](Request& request) { return server->get(request); }},
      {"POST", all, "Start an upload, push a blob at once, or mount one of another repository",
       [server](Request& request) { return server->post(request); }, true},
      {"PATCH", all, "Send a piece of an upload", [server](Request& request) { return server->patch(request); }, true},
      {"PUT", all, "End an upload; push a manifest", [server](Request& request) { return server->put(request); }, true},
      {"DELETE", all, "Take a tag, a manifest or a blob off a repository",
       [server](Request& request) { return server->erase(request); }},
  };
}

}  // namespace gyre

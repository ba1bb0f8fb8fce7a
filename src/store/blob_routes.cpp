#include "store/blob_routes.hpp"

#include <charconv>
#include <memory>

#include "base/file.hpp"
#include "store/blob_uploads.hpp"

namespace gyre {

static std::uint64_t bytes_asked(const Request& request, std::string_view name, std::uint64_t otherwise) {
  auto text = request.query_value(name);
  if (!text) return otherwise;
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size())
    throw Error(Code::invalid, std::string(name) + " must be a number of bytes, not \"" + text->substr(0, 40) + "\"");
  return value;
}

static Response missing(Workspace& workspace, const BlobUploads& uploads, const Request& request) {
  json::value body = request.json_body();
  auto* digests = find(body, "digests");
  if (!digests || !digests->is_array()) throw Error(Code::invalid, "\"digests\" must be a list of digests");
  json::array absent;
  for (auto& item : digests->get_array()) {
    if (!item.is_string()) throw Error(Code::invalid, "a digest is a text, not " + json::serialize(item));
    std::string digest(item.get_string());
    if (!workspace.blobs().has(digest)) absent.push_back({{"digest", digest}, {"have", uploads.bytes_of(digest)}});
  }
  return json_response({{"missing", absent}});
}

static Response put(Workspace& workspace, BlobUploads& uploads, const Request& request) {
  std::string digest = request.param("digest");
  std::uint64_t bytes = fs::file_size(*request.body_file), from = bytes_asked(request, "from", 0),
                size = bytes_asked(request, "size", bytes);
  if (from > size || bytes > size - from)
    throw Error(Code::invalid, std::to_string(bytes) + " bytes from " + std::to_string(from) + " on are more than " +
                                   std::to_string(size));
  bool whole = uploads.add(digest, from, size, *request.body_file);
  if (whole && !workspace.blobs().has(digest))
    throw Error(Code::conflict, digest + " is a folder, and not all of its files are here",
                "send its files first: POST /api/blobs/missing says which");
  return json_response({{"digest", digest}, {"have", from + bytes}, {"whole", whole}});
}

std::vector<Route> blob_routes(Workspace& workspace) {
  auto uploads = std::make_shared<BlobUploads>(workspace);  // of the routes together
  return {
      {"GET", "/api/blobs/{digest}", "Content by its digest; of a folder: the list of its files",
       [&workspace](Request& request) {
         Response response{.content_type = "application/octet-stream"};
         response.file = workspace.blobs().path(request.param("digest"));
         return response;
       }},
      {"POST", "/api/blobs/missing", "Which of {\"digests\"} are not here, and how much of each has come so far",
       [&workspace, uploads](Request& request) { return missing(workspace, *uploads, request); }},
      {"PUT", "/api/blobs/{digest}",
       "Bring content: the whole of it, or a piece, ?from=BYTES&size=BYTES, one after the other",
       [&workspace, uploads](Request& request) { return put(workspace, *uploads, request); }, true},
  };
}

}  // namespace gyre

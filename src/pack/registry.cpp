#include "pack/registry.hpp"

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"

namespace gyre {

RegistryError digest_invalid(const std::string& text) { return {Code::invalid, 400, "DIGEST_INVALID", text}; }

static RegistryError manifest_invalid(const std::string& text) {
  return {Code::invalid, 400, "MANIFEST_INVALID", text};
}
static RegistryError manifest_unknown(const std::string& repository, const std::string& reference) {
  return {Code::not_found, 404, "MANIFEST_UNKNOWN", "no manifest " + reference + " in " + repository};
}

static void check_digest(const std::string& digest) {
  if (!is_digest(digest)) throw digest_invalid("\"" + digest + "\" is no digest of the form sha256:<64 hex digits>");
}

static void check_tag(const std::string& tag) {
  static constexpr std::string_view first = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  static const std::string rest = std::string(first) + ".-";
  if (tag.empty() || tag.size() > 128 || first.find(tag[0]) == first.npos || tag.find_first_not_of(rest) != tag.npos)
    throw manifest_invalid("\"" + tag + "\" is neither a digest nor a tag");
}

bool Registry::has_blob(const std::string& repository, const std::string& digest) {
  check_digest(digest);
  return workspace_.rows()
      .one("SELECT 1 FROM registry_blob WHERE repository = $1 AND digest = $2", {repository, digest})
      .has_value();
}

Descriptor Registry::get_blob(const std::string& repository, const std::string& digest) {
  check_digest(digest);
  auto row = workspace_.rows().one("SELECT size FROM registry_blob WHERE repository = $1 AND digest = $2",
                                   {repository, digest});
  if (!row) throw RegistryError(Code::not_found, 404, "BLOB_UNKNOWN", "no blob " + digest + " in " + repository);
  return {"application/octet-stream", digest, static_cast<std::uint64_t>(get_int(*row, "size"))};
}

void Registry::link_blob(const std::string& repository, const std::string& digest) {
  check_digest(digest);
  workspace_.rows().run("INSERT INTO registry_blob VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                        {repository, digest, fs::file_size(workspace_.blobs().path(digest)), now_ms()});
}

void Registry::delete_blob(const std::string& repository, const std::string& digest) {
  get_blob(repository, digest);
  workspace_.rows().run("DELETE FROM registry_blob WHERE repository = $1 AND digest = $2", {repository, digest});
}

// An image names its config and layers, an index its manifests: all must be there, or a puller would find holes.
void Registry::check_parts(const std::string& repository, const json::value& manifest) {
  auto list = [&](std::string_view key) -> const json::array& {
    static const json::array none;
    const json::value* value = find(manifest, key);
    if (!value || value->is_null()) return none;
    if (!value->is_array()) throw manifest_invalid("\"" + std::string(key) + "\" is no list");
    return value->get_array();
  };
  auto check_blob = [&](const json::value& value) {
    Descriptor part = descriptor_from(value);
    if (!has_blob(repository, part.digest))
      throw RegistryError(Code::not_found, 404, "MANIFEST_BLOB_UNKNOWN",
                          "the manifest names blob " + part.digest + ", which was not pushed to " + repository);
    if (get_blob(repository, part.digest).size != part.size)
      throw manifest_invalid("blob " + part.digest + " has not the size that the manifest says");
  };
  if (const json::value* config = find(manifest, "config")) check_blob(*config);
  for (auto& layer : list("layers")) check_blob(layer);
  for (auto& child : list("manifests")) {
    std::string digest = descriptor_from(child).digest;
    if (!workspace_.rows().one("SELECT 1 FROM registry_manifest WHERE repository = $1 AND digest = $2",
                               {repository, digest}))
      throw manifest_unknown(repository, digest);
  }
}

std::string Registry::put_manifest(const std::string& repository, const std::string& reference, const std::string& type,
                                   const std::string& bytes) {
  std::string digest = digest_of(bytes);
  bool by_digest = reference.find(':') != reference.npos;
  if (by_digest)
    check_digest(reference);
  else
    check_tag(reference);
  if (by_digest && reference != digest)
    throw digest_invalid("the manifest that was sent has digest " + digest + ", not " + reference);
  json::value subject, annotations = json::object();
  std::string artifact_type;
  try {
    json::value manifest = parse_json(bytes, "manifest");
    if (get_int(manifest, "schemaVersion") != 2) throw manifest_invalid("schemaVersion is not 2");
    if (string_or(manifest, "mediaType", type) != type)
      throw manifest_invalid("mediaType " + get_string(manifest, "mediaType") + " differs from the content type " +
                             type);
    check_parts(repository, manifest);
    if (auto* value = find(manifest, "subject"); value && !value->is_null())
      subject = json::string(descriptor_from(*value).digest);
    if (auto* value = find(manifest, "annotations"); value && value->is_object()) annotations = *value;
    auto* config = find(manifest, "config");
    artifact_type = string_or(manifest, "artifactType", config ? string_or(*config, "mediaType", "") : "");
  } catch (const RegistryError&) {
    throw;
  } catch (const Error& error) {
    if (error.code != Code::invalid) throw;
    throw manifest_invalid(error.text());
  }
  workspace_.blobs().put_bytes(bytes);
  workspace_.rows().transaction([&] {
    workspace_.rows().run(
        "INSERT INTO registry_manifest VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        {repository, digest, type, bytes.size(), artifact_type, subject, canonical(annotations), now_ms()});
    if (!by_digest)
      workspace_.rows().run(
          "INSERT INTO registry_tag VALUES ($1, $2, $3, $4) ON CONFLICT (repository, tag) DO UPDATE SET"
          " digest = excluded.digest, tagged_at = excluded.tagged_at",
          {repository, reference, digest, now_ms()});
  });
  return digest;
}

StoredManifest Registry::get_manifest(const std::string& repository, const std::string& reference) {
  std::string digest = reference;
  if (reference.find(':') == reference.npos) {
    check_tag(reference);
    auto tag = workspace_.rows().one("SELECT digest FROM registry_tag WHERE repository = $1 AND tag = $2",
                                     {repository, reference});
    if (!tag) throw manifest_unknown(repository, reference);
    digest = get_string(*tag, "digest");
  }
  check_digest(digest);
  auto row = workspace_.rows().one("SELECT type FROM registry_manifest WHERE repository = $1 AND digest = $2",
                                   {repository, digest});
  if (!row) throw manifest_unknown(repository, reference);
  return {digest, get_string(*row, "type"), workspace_.blobs().read(digest)};
}

void Registry::delete_manifest(const std::string& repository, const std::string& reference) {
  get_manifest(repository, reference);
  workspace_.rows().transaction([&] {
    bool tag = reference.find(':') == reference.npos;
    workspace_.rows().run(
        std::string("DELETE FROM registry_tag WHERE repository = $1 AND ") + (tag ? "tag = $2" : "digest = $2"),
        {repository, reference});
    if (!tag)
      workspace_.rows().run("DELETE FROM registry_manifest WHERE repository = $1 AND digest = $2",
                            {repository, reference});
  });
}

std::optional<std::string> Registry::subject_of(const std::string& repository, const std::string& digest) {
  auto row = workspace_.rows().one("SELECT subject FROM registry_manifest WHERE repository = $1 AND digest = $2",
                                   {repository, digest});
  if (!row || row->at("subject").is_null()) return {};
  return get_string(*row, "subject");
}

static std::vector<std::string> texts(const std::vector<Row>& rows, std::string_view column) {
  std::vector<std::string> result;
  for (auto& row : rows) result.push_back(get_string(row, column));
  return result;
}

std::vector<std::string> Registry::tags(const std::string& repository, const std::string& last, std::int64_t most) {
  if (!workspace_.rows().one("SELECT 1 FROM registry_manifest WHERE repository = $1 LIMIT 1", {repository}))
    throw RegistryError(Code::not_found, 404, "NAME_UNKNOWN", "there is no repository " + repository);
  return texts(
      workspace_.rows().query("SELECT tag FROM registry_tag WHERE repository = $1 AND tag > $2 ORDER BY tag LIMIT $3",
                              {repository, last, most}),
      "tag");
}

std::vector<std::string> Registry::repositories(const std::string& last, std::int64_t most) {
  return texts(workspace_.rows().query("SELECT DISTINCT repository FROM registry_manifest WHERE repository > $1"
                                       " ORDER BY repository LIMIT $2",
                                       {last, most}),
               "repository");
}

json::object Registry::referrers(const std::string& repository, const std::string& digest,
                                 const std::string& artifact_type) {
  check_digest(digest);
  json::array manifests;
  for (auto& row :
       workspace_.rows().query("SELECT digest, type, size, artifact_type, annotations FROM registry_manifest"
                               " WHERE repository = $1 AND subject = $2 ORDER BY pushed_at, digest",
                               {repository, digest})) {
    if (!artifact_type.empty() && get_string(row, "artifact_type") != artifact_type) continue;
    json::object one{{"mediaType", row.at("type")},
                     {"digest", row.at("digest")},
                     {"size", row.at("size")},
                     {"artifactType", row.at("artifact_type")}};
    json::value annotations = parse_json(get_string(row, "annotations"), "annotations");
    if (!annotations.as_object().empty()) one["annotations"] = annotations;
    manifests.push_back(one);
  }
  return {{"schemaVersion", 2}, {"mediaType", index_type}, {"manifests", manifests}};
}

}  // namespace gyre

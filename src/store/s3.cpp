#include "store/s3.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <random>
#include <thread>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/http_client.hpp"
#include "store/audit_routes.hpp"

namespace gyre {

static constexpr std::uint64_t part_size = 16 << 20;  // also what one request carries at most
static constexpr int most_tries = 7;                  // about 13 s together

static std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i++) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

S3Address parse_s3_address(const std::string& url) {
  auto malformed = [&](const std::string& why) {
    return Error(Code::invalid, "\"" + url + "\" is no place for blobs: " + why,
                 "as s3://bucket/prefix?endpoint=https://host:port&region=us-east-1");
  };
  if (!url.starts_with("s3://")) throw malformed("it does not begin with s3://");
  std::string rest = url.substr(5), query;
  if (auto mark = rest.find('?'); mark != std::string::npos) {
    query = rest.substr(mark + 1);
    rest.resize(mark);
  }
  S3Address address;
  auto slash = rest.find('/');
  address.bucket = rest.substr(0, slash);
  if (address.bucket.size() < 3) throw malformed("a bucket's name has at least 3 letters");
  if (slash != std::string::npos) address.prefix = rest.substr(slash + 1);
  if (!address.prefix.empty() && !address.prefix.ends_with('/')) address.prefix += '/';
  for (std::size_t at = 0; at < query.size();) {
    auto end = std::min(query.find('&', at), query.size());
    std::string pair = query.substr(at, end - at);
    auto equals = pair.find('=');
    std::string name = pair.substr(0, equals),
                value = equals == std::string::npos ? "" : decoded(pair.substr(equals + 1));
    if (name == "endpoint")
      address.endpoint = value;
    else if (name == "region")
      address.region = value;
    else
      throw malformed("\"" + name + "\" is not known");
    at = end + 1;
  }
  while (address.endpoint.ends_with('/')) address.endpoint.pop_back();
  if (address.endpoint.empty()) address.endpoint = "https://s3." + address.region + ".amazonaws.com";
  if (!address.endpoint.starts_with("http://") && !address.endpoint.starts_with("https://"))
    throw malformed("its endpoint is no URL");
  return address;
}

S3::S3(S3Address address, AwsKeys keys) : address_(std::move(address)), keys_(std::move(keys)) {
  host_ = address_.endpoint.substr(address_.endpoint.find("://") + 3);
  host_ = host_.substr(0, host_.find('/'));
}

// What is between <tag> and </tag>; the answers have no attributes there.
static std::string tagged(std::string_view xml, std::string_view tag) {
  std::string open = "<" + std::string(tag) + ">", close = "</" + std::string(tag) + ">";
  auto start = xml.find(open);
  if (start == std::string_view::npos) return {};
  start += open.size();
  auto end = xml.find(close, start);
  std::string text(xml.substr(start, end == std::string_view::npos ? 0 : end - start));
  for (auto [code, plain] : {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#34;", "\""}, {"&amp;", "&"}})
    for (auto at = text.find(code); at != std::string::npos; at = text.find(code, at + 1))
      text.replace(at, std::string_view(code).size(), plain);
  return text;
}

static bool is_worth_repeating(int status) { return status == 429 || status >= 500; }

static void pause_before(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  int ms = 100 << attempt;
  std::this_thread::sleep_for(std::chrono::milliseconds(ms + static_cast<int>(random() % static_cast<unsigned>(ms))));
}

Response S3::ask(const std::string& method, const std::string& key, const Query& query, std::string_view body,
                 const std::function<void()>& again, const std::function<void(std::string_view)>& take) {
  std::string path = "/" + address_.bucket + (key.empty() ? "" : "/" + address_.prefix + key);
  std::string url = address_.endpoint + aws_encoded_path(path);
  if (!query.empty()) url += "?" + aws_encoded_query(query);
  AwsRequest request{
      .method = method, .host = host_, .path = path, .query = query, .payload_hash = digest_of(body).substr(7)};
  HttpOptions options{.timeout_seconds = 60};
  for (int attempt = 0;; attempt++) {
    bool last = attempt + 1 == most_tries;
    try {
      Headers headers = aws_signed(request, keys_, address_.region, now_ms());
      Response response =
          take ? http_download(url, take, headers, options) : http_request(method, url, body, headers, options);
      if (response.status < 400 || response.status == 404) return response;
      if (!is_worth_repeating(response.status) || last)
        throw Error(is_worth_repeating(response.status) ? Code::unavailable : Code::denied,
                    "the blob store at " + host_ + " answered " + std::to_string(response.status) + " to " + method +
                        " " + path + ": " + tagged(response.body, "Code") + " " + tagged(response.body, "Message"),
                    "see its address (gyre up --blobs), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    } catch (const Error& error) {
      if (error.code != Code::unavailable || last) throw;
    }
    pause_before(attempt);
    if (again) again();
  }
}

static std::string read_part(int file, std::uint64_t at, std::uint64_t count, const fs::path& where) {
  std::string bytes(static_cast<std::size_t>(count), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    ssize_t got = ::pread(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error(errno, where.string());
    if (got == 0) throw Error(Code::conflict, where.string() + " became shorter while it was sent");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

static Error missing(const S3Address& address) {
  return {Code::not_found, "there is no bucket " + address.bucket + " at " + address.endpoint, "make it first"};
}

void S3::put(const std::string& key, const std::filesystem::path& file) {
  std::uint64_t size = fs::file_size(file);
  if (size > part_size) return put_in_parts(key, file, size);
  if (ask("PUT", key, {}, read_file(file)).status == 404) throw missing(address_);
}

void S3::put_in_parts(const std::string& key, const std::filesystem::path& file, std::uint64_t size) {
  Response begun = ask("POST", key, {{"uploads", ""}});
  if (begun.status == 404) throw missing(address_);
  std::string id = tagged(begun.body, "UploadId");
  try {
    FileHandle handle = open_file(file, O_RDONLY);
    std::string parts;
    std::uint64_t at = 0;
    for (int number = 1; at < size; number++) {
      std::uint64_t count = std::min(part_size, size - at);
      Response sent = ask("PUT", key, {{"partNumber", std::to_string(number)}, {"uploadId", id}},
                          read_part(handle.get(), at, count, file));
      auto tag = sent.headers.find("ETag");
      if (sent.status != 200 || tag == sent.headers.end())
        throw Error(Code::unavailable, "the blob store at " + host_ + " lost an upload of " + key);
      parts += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>" + tag->second + "</ETag></Part>";
      at += count;
    }
    Response ended =
        ask("POST", key, {{"uploadId", id}}, "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>");
    // A failure may come with status 200 here.
    if (ended.status != 200 || ended.body.find("<Error>") != std::string::npos)
      throw Error(Code::unavailable, "the blob store at " + host_ + " could not put " + key +
                                         " together: " + tagged(ended.body, "Message"));
  } catch (const Error&) {
    try {
      ask("DELETE", key, {{"uploadId", id}});
    } catch (const Error&) {  // the first failure is what is told; the store forgets old uploads by its own rules
    }
    throw;
  }
}

bool S3::has(const std::string& key) { return ask("HEAD", key).status == 200; }

bool S3::get(const std::string& key, const std::filesystem::path& to) {
  FileHandle file = open_file(to, O_WRONLY | O_CREAT | O_TRUNC);
  auto again = [&] {
    if (::ftruncate(file.get(), 0) != 0 || ::lseek(file.get(), 0, SEEK_SET) != 0)
      throw system_error(errno, to.string());
  };
  Response response = ask("GET", key, {}, {}, again, [&](std::string_view bytes) { write_all(file.get(), bytes, to); });
  return response.status == 200;
}

void S3::remove(const std::string& key) { ask("DELETE", key); }

void S3::list(const std::string& below, const std::function<void(const Object&)>& take) {
  std::string next;
  do {
    Query query{{"list-type", "2"}, {"prefix", address_.prefix + below}};
    if (!next.empty()) query["continuation-token"] = next;
    Response page = ask("GET", "", query);
    if (page.status == 404) throw missing(address_);
    std::string_view rest = page.body;
    while (true) {
      auto start = rest.find("<Contents>");
      if (start == std::string_view::npos) break;
      auto end = std::min(rest.find("</Contents>", start), rest.size());
      std::string_view one = rest.substr(start, end - start);
      std::string key = tagged(one, "Key"), size = tagged(one, "Size"), time = tagged(one, "LastModified");
      Object object{.key = key.substr(std::min(address_.prefix.size(), key.size()))};
      std::from_chars(size.data(), size.data() + size.size(), object.bytes);
      object.written_at = moment_from(time.substr(0, 19));
      take(object);
      rest.remove_prefix(end);
    }
    next = tagged(page.body, "NextContinuationToken");
  } while (!next.empty());
}

}  // namespace gyre

#include "serve/webhook.hpp"

#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/http_client.hpp"

namespace gyre {

WebhookSigner::WebhookSigner(const fs::path& key_file) {
  if (!fs::exists(key_file)) write_file(key_file, make_signing_key().private_pem, 0600);
  auto key = signing_key_from(read_file(key_file));
  private_pem_ = key.private_pem;
  public_pem_ = key.public_pem;
}

std::string WebhookSigner::post(const std::string& url, const std::string& id, const json::value& event) const {
  std::string body = json::serialize(event), timestamp = std::to_string(now_ms() / 1000);
  Headers headers{{"Content-Type", "application/cloudevents+json"},
                  {"webhook-id", id},
                  {"webhook-timestamp", timestamp},
                  {"webhook-signature", "v1a," + base64(sign(private_pem_, id + "." + timestamp + "." + body))}};
  try {
    auto answer = http_request("POST", url, body, headers, {.timeout_seconds = 10});
    return answer.status < 300 ? std::string() : "it answered " + std::to_string(answer.status);
  } catch (const Error& error) {
    return error.text();
  }
}

json::object cloud_event(const std::string& id, const std::string& type, const std::string& source, json::object data) {
  return {{"specversion", "1.0"},   {"id", id},          {"type", type},
          {"source", source},       {"time", iso_now()}, {"datacontenttype", "application/json"},
          {"data", std::move(data)}};
}

}  // namespace gyre

#pragma once
// Events that are posted to whoever asked for them: CloudEvents 1.0 as JSON, signed as Standard Webhooks say (v1a,
// Ed25519): "webhook-signature: v1a,BASE64" is over "ID.TIMESTAMP.BODY", ID and TIMESTAMP being the other two headers.
#include <filesystem>
#include <string>

#include "base/json.hpp"

namespace gyre {

class WebhookSigner {
 public:
  explicit WebhookSigner(const std::filesystem::path& key_file);  // made when absent, for its owner's eyes only
  const std::string& public_pem() const { return public_pem_; }
  // Posts once. What went wrong is given back; nothing: it was taken.
  std::string post(const std::string& url, const std::string& id, const json::value& event) const;

 private:
  std::string private_pem_, public_pem_;
};

json::object cloud_event(const std::string& id, const std::string& type, const std::string& source, json::object data);

}  // namespace gyre

#include "serve/round.hpp"

#include <thread>

#include "serve/testing.hpp"

namespace gyre::testing {

TEST_CASE("round: requests that are ready at one time are run together, each with its own answer") {
  ServiceSite site({.threads = 1});
  auto model = site.repository.get("double", "");
  std::string large = R"({"inputs":[{"name":"x","shape":[200000,3],"datatype":"FP32","data":[0)";
  for (int i = 1; i < 600'000; i++) large += ",1";
  large += "]}]}";
  auto ask = [&](int value) {
    std::string text = std::to_string(value);
    auto body = R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[)" + text + ",0,0]}]}";
    auto answer = site.post("/v2/models/double/infer", body);
    return answer.body.find("\"data\":[" + std::to_string(2 * value) + ".0,") != std::string::npos;
  };
  bool joined = false;
  // While the only thread reads the large one, the others get ready. Whether they all do is the system's to say.
  for (int attempt = 0; attempt < 50 && !joined; attempt++) {
    std::vector<std::future<bool>> small;
    auto busy = std::async(std::launch::async, [&] { return site.post("/v2/models/double/infer", large).status; });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (int i = 1; i <= 8; i++) small.push_back(std::async(std::launch::async, ask, 10 * attempt + i));
    for (auto& one : small) CHECK(one.get());
    CHECK(busy.get() == 200);
    for (auto& [rows, counts] : model->statistics().total().batches) joined = joined || (rows > 1 && rows <= 8);
  }
  CHECK(joined);
  CHECK(model->statistics().total().fail.count == 0);
}

TEST_CASE("round: what is wrong with one request is not the others' matter") {
  ServiceSite site({.threads = 1});
  std::vector<std::thread> clients;
  std::atomic<int> right = 0, refused = 0;
  for (int i = 0; i < 8; i++)
    clients.emplace_back([&, i] {
      for (int k = 0; k < 50; k++) {
        std::string data = i % 2 ? "[1,2,3]" : "[1,2]";
        auto answer = site.post("/v2/models/double/infer",
                                R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":)" + data + "}]}");
        (answer.status == 200 ? right : refused)++;
      }
    });
  for (auto& client : clients) client.join();
  CHECK(right == 200);
  CHECK(refused == 200);
}

}  // namespace gyre::testing

#pragma once
// What a device's answers are judged by: the labels of the held-back samples, and the answers that the same model gave
// in the data validation.
#include <map>
#include <string>

#include "fleet/rollout.hpp"
#include "store/workspace.hpp"

namespace gyre {

struct Expectation {
  std::map<std::string, std::string, std::less<>> labels;   // name in the device's data -> label
  std::map<std::string, std::string, std::less<>> answers;  // name -> canonical JSON of the answer
};

// `data` is the tar that devices fetch; `labels` a layer of labels and `expected` a data validation's report, which
// know samples by digest (or name). Empty digests: nothing to expect.
Expectation read_expectation(Workspace& workspace, const std::string& data, const std::string& labels,
                             const std::string& expected);

// `body` is that of a "validation" message.
DeviceResult judge(const json::value& body, const Expectation& expectation);

}  // namespace gyre

#include "nets/labelled.hpp"

#include <algorithm>

namespace gyre {

constexpr std::size_t least = 3;  // of a class, beside those held back: with fewer a net learns samples, not classes
constexpr std::size_t few = 20;   // what comes of fewer is said to be uncertain

Dataset load_labelled(std::string_view port, std::string_view what, double hold, StepContext& context) {
  Dataset dataset = load_samples(context.input(port), context.input("labels"), Part::train, hold);
  for (auto& finding : dataset.findings) context.say(finding);
  auto counts = dataset.count_by_class();
  auto filled = std::count_if(counts.begin(), counts.end(), [](std::size_t n) { return n > 0; });
  auto enough = std::count_if(counts.begin(), counts.end(), [](std::size_t n) { return n >= least; });
  std::string samples = std::to_string(dataset.samples.size()) + " labelled " + std::string(what);
  if (filled < 2)
    throw Error(Code::invalid,
                "there is nothing to tell apart: the " + samples + " to learn from are all of " +
                    (filled ? "one class" : "no class"),
                "label " + std::string(what) + " of at least two classes; those held back do not count");
  if (enough < 2)
    throw Error(Code::invalid,
                "there is too little to learn from: of the " + samples + " fewer than two classes have " +
                    std::to_string(least),
                "gather and label more: five of each class are the least, some twenty are a start");
  for (std::size_t i = 0; i < counts.size(); i++)
    if (counts[i] >= least && counts[i] < few)
      context.say("class \"" + dataset.classes[i] + "\" has only " + std::to_string(counts[i]) + " " +
                  std::string(what) + " to learn from: its answers will be uncertain");
  return dataset;
}

}  // namespace gyre

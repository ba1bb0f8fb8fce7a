#pragma once
// Lengths in characters, as MLflow counts them; texts are UTF-8.
#include <string>
#include <string_view>

namespace gyre {

std::size_t characters_of(std::string_view text);
// The text, or its first `most` characters: MLflow's server cuts long values of params and tags of runs.
std::string cut_to(const std::string& text, std::size_t most);

}  // namespace gyre

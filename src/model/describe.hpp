#pragma once
// What a model file is, as a value and in words; the check that it must pass before anybody relies on it.
#include <filesystem>
#include <string>

#include "base/json.hpp"
#include "model/predict.hpp"

namespace gyre {

// {"file","bytes","digest","signature","inputs","outputs","lineage","golden":{"examples","difference","tolerance","right"}}
// "golden" is null for a model without golden answers.
json::object describe_model(const std::filesystem::path& path);

// As describe_model. Error{invalid} unless the model loads, says what it takes, and gives its golden answers here.
json::object check_model(const std::filesystem::path& path);

std::string in_words(const json::object& description);                   // several lines
std::string in_words(const Answer& answer, const Signature& signature);  // one line

}  // namespace gyre

#pragma once
// What a src/<module>/*_fuzz.cpp gives: libFuzzer's entry point, and good inputs to start from.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::vector<std::string> fuzz_seeds();

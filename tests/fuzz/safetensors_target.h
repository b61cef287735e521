// What the fuzzer, and the test over its corpus, do with the bytes of a .safetensors file.
#pragma once

#include <cstdint>
#include <string_view>

namespace test {

/// Reads the bytes as a file. Either an nn::Error in one line comes, or contents that read back the same after writing;
/// anything else ends the program.
void try_safetensors(std::string_view bytes);

}  // namespace test

// libFuzzer over the .safetensors reader; see tests/README.md for how to run it.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/safetensors_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::try_safetensors({reinterpret_cast<const char*>(data), size});
  return 0;
}

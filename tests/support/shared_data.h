// Real files that the project does not ship: in the folder FALX_TEST_DATA names, or ../shared/data.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace test {

/// The path of a file or folder of the real data; a test skips itself where it does not exist:
///   if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
inline std::filesystem::path shared_data(const std::filesystem::path& relative) {
  const char* const folder = std::getenv("FALX_TEST_DATA");
  return std::filesystem::path(folder != nullptr ? folder : "../shared/data") / relative;
}

}  // namespace test

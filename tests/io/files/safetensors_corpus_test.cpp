#include <gtest/gtest.h>

#include <filesystem>

#include "io/files/atomic_file.h"
#include "tests/fuzz/safetensors_target.h"

namespace {

TEST(SafetensorsCorpus, EveryFileIsReadOrRefused) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/safetensors")) {
    SCOPED_TRACE(entry.path());
    const std::string bytes = io::read_file(entry.path());
    test::try_safetensors(bytes);
    for (std::size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 64) {
      test::try_safetensors(std::string_view(bytes).substr(0, length));
    }
    ++files;
  }
  EXPECT_GE(files, 10);
}

}  // namespace

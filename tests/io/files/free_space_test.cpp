#include "io/files/free_space.h"

#include <gtest/gtest.h>

#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"

namespace {

TEST(FreeSpace, IsTheSameWhereADirectoryWillBeMade) {
  const test::TemporaryDirectory directory;
  const auto here = io::free_space(directory.path()), below = io::free_space(directory / "to/be/made");
  ASSERT_TRUE(here && below);
  EXPECT_GT(*here, 0U);
  constexpr double gigabyte = 1e9;  // what others write meanwhile
  EXPECT_NEAR(static_cast<double>(*here), static_cast<double>(*below), gigabyte);
}

TEST(FreeSpace, RefusesWhatHasNoRoomInOneLine) {
  const test::TemporaryDirectory directory;
  io::check_free_space(directory / "out", 1, "a byte");
  const std::string what =
      test::error_of([&] { io::check_free_space(directory / "out", std::uint64_t{1} << 60U, "the data set"); });
  const std::string begin = (directory / "out").string() + ": the data set needs 1099511627776 MB, the disk has ";
  EXPECT_EQ(what.substr(0, begin.size()), begin);
  EXPECT_EQ(what.find('\n'), std::string::npos);
}

}  // namespace

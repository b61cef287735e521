// What tests of the program share: a folder of their own, training on tiny pictures, and what an error looks like.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/apps/running_falx.h"
#include "tests/support/tiny_pictures.h"

namespace test {

/// One line from the command itself, and nothing on standard output.
inline void expect_one_line(const ProgramResult& result, int exit_code, const std::string& what) {
  EXPECT_EQ(result.exit_code, exit_code) << result.error;
  EXPECT_THAT(result.error, testing::HasSubstr(what));
  EXPECT_THAT(result.error, testing::StartsWith("falx "));
  EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
  EXPECT_EQ(result.out, "");
}

class ProgramTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  std::string bytes(const std::string& name) const { return io::read_file(directory_ / name); }

  TemporaryDirectory directory_;
};

/// With tiny pictures in the folder.
class TinyTraining : public ProgramTest {
 protected:
  TinyTraining() { write_tiny_pictures(directory_.path()); }

  /// `falx train` on the pictures, small and for an epoch unless `more` says otherwise.
  std::vector<std::string> arguments(const std::string& out, std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {"train", "--out", path(out)};
    const auto add = [&](const std::string& name, const std::string& value) {
      if (std::find(more.begin(), more.end(), name) == more.end()) all.insert(all.end(), {name, value});
    };
    add("--images", path("images"));
    add("--labels", path("labels.csv"));
    add("--groups", path("groups.csv"));
    add("--size", "32");
    add("--batch", "4");
    add("--epochs", "1");
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ProgramResult train(const std::string& out, const std::vector<std::string>& more = {}) const {
    return RunningFalx(arguments(out, more)).wait();
  }
  ProgramResult resume(const std::string& out, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"train", "--resume", "--out", path(out)});
    return RunningFalx(more).wait();
  }
};

}  // namespace test

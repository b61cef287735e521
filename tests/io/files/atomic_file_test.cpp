#include "io/files/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/error_of.h"
#include "tests/support/full_disk.h"
#include "tests/support/temporary_directory.h"

namespace {

using test::error_of;
using test::error_with_file_size_limit;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::size_t entries(const fs::path& directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(directory)) ++count;
  return count;
}

TEST(AtomicFile, WritesAndReplaces) {
  const test::TemporaryDirectory directory;
  const fs::path path = directory / "file";
  const std::string binary("a\0b\r\n", 5);
  io::write_file_atomically(path, binary);
  EXPECT_EQ(io::read_file(path), binary);
  io::write_file_atomically(path, "");
  EXPECT_EQ(io::read_file(path), "");
  EXPECT_EQ(entries(directory.path()), 1U);
}

TEST(AtomicFile, AppearsOnlyOnCommit) {
  const test::TemporaryDirectory directory;
  const fs::path path = directory / "file";
  {
    io::AtomicFile file(path);
    file.write("some");
    EXPECT_FALSE(fs::exists(path));
    file.write(std::string(3 << 20, 'x'));
    file.commit();
    EXPECT_EQ(fs::file_size(path), (3U << 20U) + 4U);
    EXPECT_THAT(error_of([&] { file.write("more"); }), HasSubstr("closed"));
  }
  {
    io::AtomicFile abandoned(path);
    abandoned.write("other");
  }
  EXPECT_EQ(fs::file_size(path), (3U << 20U) + 4U);
  EXPECT_EQ(entries(directory.path()), 1U);
}

TEST(AtomicFile, AFullDiskLeavesTheOldFileAndNothingElse) {
  const test::TemporaryDirectory directory;
  const fs::path path = directory / "checkpoint";
  io::write_file_atomically(path, "old");
  const std::string error =
      error_with_file_size_limit(2'000'000, [&] { io::write_file_atomically(path, std::string(5'000'000, 'x')); });
  EXPECT_THAT(error, HasSubstr(path.string()));
  EXPECT_THAT(error, HasSubstr("File too large"));
  EXPECT_EQ(io::read_file(path), "old");
  EXPECT_EQ(entries(directory.path()), 1U);
}

TEST(AtomicFile, WhatAKilledWriterLeftGoesWithTheNextWrite) {
  const test::TemporaryDirectory directory;
  const fs::path path = directory / "last.safetensors";
  const pid_t child = ::fork();
  if (child == 0) {
    io::AtomicFile first(path), second(path);
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(entries(directory.path()), 2U);

  {
    io::AtomicFile first(path), second(path);  // as many writers take over as many files
    EXPECT_EQ(entries(directory.path()), 2U);
    second.write("second");
    second.commit();
  }
  EXPECT_EQ(io::read_file(path), "second");
  EXPECT_EQ(entries(directory.path()), 1U);
}

TEST(AtomicFile, LeavesTheFileOfALivingWriterAlone) {
  const test::TemporaryDirectory directory;
  const fs::path path = directory / "file";
  io::AtomicFile first(path);
  first.write("first");
  io::write_file_atomically(path, "second");
  EXPECT_EQ(io::read_file(path), "second");
  EXPECT_EQ(entries(directory.path()), 2U);
  first.commit();
  EXPECT_EQ(io::read_file(path), "first");
  EXPECT_EQ(entries(directory.path()), 1U);
}

TEST(AtomicFile, ManyWritersOfOneFileDisturbNobody) {
  const test::TemporaryDirectory directory;
  const fs::path path = directory / "file";
  std::vector<std::thread> writers;
  std::atomic<int> failures = 0;
  for (char letter = 'a'; letter < 'i'; ++letter) {
    writers.emplace_back([&, letter] {
      for (int i = 0; i < 50; ++i) {
        if (!error_of([&] { io::write_file_atomically(path, std::string(100, letter)); }).empty()) ++failures;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(failures, 0);
  const std::string last = io::read_file(path);
  EXPECT_EQ(last, std::string(100, last.at(0)));
  EXPECT_EQ(entries(directory.path()), 1U);
}

TEST(AtomicFile, NamesTheFileItCannotWriteOrRead) {
  const test::TemporaryDirectory directory;
  const fs::path missing = directory / "no" / "such";
  EXPECT_THAT(error_of([&] { io::write_file_atomically(missing, "x"); }),
              testing::AllOf(HasSubstr(missing.string()), HasSubstr("No such file")));
  EXPECT_THAT(error_of([&] { io::read_file(missing); }),
              testing::AllOf(HasSubstr(missing.string()), HasSubstr("No such file")));
  EXPECT_THAT(error_of([&] { io::read_file(directory.path()); }), HasSubstr("folder"));
  // A folder in the file's place: the rename fails, and the temporary file goes.
  fs::create_directory(directory / "taken");
  EXPECT_THAT(error_of([&] { io::write_file_atomically(directory / "taken", "x"); }), HasSubstr("taken"));
  EXPECT_EQ(entries(directory.path()), 1U);
}

TEST(ReadFile, ReadsFilesThatDoNotSayTheirSize) { EXPECT_THAT(io::read_file("/proc/self/status"), HasSubstr("Pid:")); }

}  // namespace

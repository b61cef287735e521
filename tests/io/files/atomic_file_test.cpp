#include "io/files/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"

namespace {

using test::error_of;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::size_t entries(const fs::path& directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(directory)) ++count;
  return count;
}

/// Runs `function` in a child whose files cannot grow beyond `limit` bytes, as on a full disk; its error message.
std::string error_with_file_size_limit(rlim_t limit, const std::function<void()>& function) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);  // write() then fails with EFBIG instead
    const rlimit limits = {limit, limit};
    ::setrlimit(RLIMIT_FSIZE, &limits);
    const std::string error = error_of(function);
    const bool sent = ::write(pipe_ends[1], error.data(), error.size()) == static_cast<ssize_t>(error.size());
    ::_exit(sent ? 0 : 1);
  }
  ::close(pipe_ends[1]);
  std::string error;
  char c = 0;
  while (::read(pipe_ends[0], &c, 1) == 1) error += c;
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return error;
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

// What a function does when the disk is full.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "tests/support/error_of.h"

namespace test {

/// Runs `function` in a child whose files cannot grow beyond `limit` bytes, as on a full disk; its error message.
inline std::string error_with_file_size_limit(rlim_t limit, const std::function<void()>& function) {
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

}  // namespace test

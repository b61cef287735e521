// Runs the program itself, as a user would.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "io/files/atomic_file.h"
#include "tests/support/temporary_directory.h"

namespace test {

struct ProgramResult {
  int exit_code;
  std::string out, error;

  std::vector<std::string> lines() const {
    std::vector<std::string> list;
    std::istringstream stream(out);
    for (std::string line; std::getline(stream, line);) list.push_back(line);
    return list;
  }
};

/// Tests leave the user's own cache alone, and each other's: ctest runs each in a process of its own.
struct PrivateCache {
  PrivateCache() { ::setenv("XDG_CACHE_HOME", directory.path().c_str(), 1); }

  TemporaryDirectory directory;
};
inline const PrivateCache private_cache;

/// `falx ARGUMENTS`; the arguments go through the shell.
inline ProgramResult run_falx(const std::string& arguments) {
  const TemporaryDirectory directory;
  const std::string out = (directory / "out").string(), error = (directory / "error").string();
  const std::string command = "\"" FALX_PROGRAM "\" " + arguments + " >" + out + " 2>" + error;
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), io::read_file(out), io::read_file(error)};
}

}  // namespace test

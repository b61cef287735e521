// The program as a process that a test can signal and limit.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/apps/run_falx.h"

namespace test {

class RunningFalx {
 public:
  /// Starts `falx ARGUMENTS`. `largest_file`: bytes that one file may have, as on a full disk.
  explicit RunningFalx(std::vector<std::string> arguments, rlim_t largest_file = RLIM_INFINITY) {
    const std::string out = (directory_ / "out").string(), error = (directory_ / "error").string();
    std::vector<char*> argv = {const_cast<char*>(FALX_PROGRAM)};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ != 0) return;
    const rlimit limit = {largest_file, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::dup2(::open(out.c_str(), O_CREAT | O_WRONLY, 0600), STDOUT_FILENO);
    ::dup2(::open(error.c_str(), O_CREAT | O_WRONLY, 0600), STDERR_FILENO);
    ::execv(FALX_PROGRAM, argv.data());
    ::_exit(127);
  }
  RunningFalx(const RunningFalx&) = delete;
  RunningFalx& operator=(const RunningFalx&) = delete;
  ~RunningFalx() {
    if (!ended_) {
      ::kill(process_, SIGKILL);
      wait();
    }
  }

  void signal(int number) const { ::kill(process_, number); }

  /// True once it has ended; exit_code() is then 128 + signal if it was killed, as a shell says.
  bool has_ended() {
    if (!ended_ && ::waitpid(process_, &status_, WNOHANG) == process_) ended_ = true;
    return ended_;
  }
  ProgramResult wait() {
    if (!ended_) ::waitpid(process_, &status_, 0);
    ended_ = true;
    const int code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
    return {code, io::read_file(directory_ / "out"), io::read_file(directory_ / "error")};
  }
  /// Waits until `path` is there, at most a minute, or the program has ended.
  bool wait_for_file(const std::filesystem::path& path) {
    for (int i = 0; i < 6000 && !std::filesystem::exists(path); ++i) {
      if (has_ended()) return std::filesystem::exists(path);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return std::filesystem::exists(path);
  }
  /// Waits until the program has a handler for `number` (proc(5): bit number - 1 of SigCgt), at most a minute.
  bool wait_until_it_catches(int number) {
    const std::string status = "/proc/" + std::to_string(process_) + "/status";
    for (int i = 0; i < 6000 && !has_ended(); ++i) {
      std::ifstream file(status);
      for (std::string word; file >> word;) {
        if (word != "SigCgt:" || !(file >> word)) continue;
        if ((std::stoull(word, nullptr, 16) >> (number - 1) & 1) != 0) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

 private:
  TemporaryDirectory directory_;
  pid_t process_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace test

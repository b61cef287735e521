// Work on untrusted bytes by a library that they can crash: in a process of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace io {

/// The child's end of a pipe.
class PipeWriter {
 public:
  explicit PipeWriter(int descriptor) : descriptor_(descriptor) {}
  void bytes(std::string_view bytes);
  void number(std::uint64_t number);
  /// Its length, then its bytes.
  void text(std::string_view text);
  /// In place of everything: an error to be thrown in the parent.
  void failure(std::string_view message);

 private:
  void begin(char mark);

  int descriptor_;
  bool begun_ = false;
};

/// The parent's end. What comes is no more trusted than the file: throws nn::Error if the child has written less than
/// is asked for, or more than `most_bytes` in all.
class PipeReader {
 public:
  PipeReader(int descriptor, std::uint64_t most_bytes) : descriptor_(descriptor), left_(most_bytes) {}
  void bytes(void* to, std::uint64_t count);
  std::uint64_t number();
  std::string text();
  /// The length of what follows: an error if it is beyond what may still come.
  std::uint64_t length();

 private:
  int descriptor_;
  std::uint64_t left_;
};

struct ChildLimits {
  std::uint64_t most_bytes;   // that it may hand over
  std::uint64_t most_memory;  // that it may take beyond what this process has, in bytes of address space
  unsigned cpu_seconds;       // after which the system ends it
};

/// Runs `child` in a forked process, which writes what it has found, while `parent` reads it here. An nn::Error that
/// comes before anything was written is thrown here. A child that crashes, or takes too long or too much memory, is
/// an nn::Error that says so. Standard error of the child goes nowhere.
void in_child_process(const ChildLimits& limits, const std::function<void(PipeWriter&)>& child,
                      const std::function<void(PipeReader&)>& parent);

}  // namespace io

// Ctrl-C and SIGTERM during long work: the first is noted so that work can end in order, the second ends at once.
#pragma once

namespace apps {

/// Thrown by Interruption::stop_if_requested through work that has nothing to finish.
struct Stopped {};

/// Handles both signals while it lives; one at a time.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  static bool requested();
  /// Throws Stopped if a signal has come: for progress callbacks of work that leaves nothing behind.
  static void stop_if_requested();
  /// 130 after Ctrl-C, 143 after SIGTERM.
  static int exit_code();
};

}  // namespace apps

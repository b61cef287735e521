// Ctrl-C and SIGTERM during long work: the first is noted so that work can end in order, the second ends at once.
#pragma once

namespace apps {

/// Handles both signals while it lives; one at a time.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  static bool requested();
  /// 130 after Ctrl-C, 143 after SIGTERM.
  static int exit_code();
};

}  // namespace apps

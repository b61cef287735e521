// Runs the AMX instructions of this program on a CPU that has none: each of them raises SIGILL, and the handler does in
// memory what it would have done in tiles, as the manual's pseudo-code says (Intel, "Intel 64 and IA-32 Architectures
// Software Developer's Manual", volume 2). Slow; x86-64 Linux alone. What it cannot show: that a real CPU and the
// operating system allow it, and how the CPU rounds between the two products of a pair.
#pragma once

namespace nn::test {

/// Emulates as long as it lives; one at a time.
class AmxEmulator {
 public:
  static bool is_possible();

  AmxEmulator();
  AmxEmulator(const AmxEmulator&) = delete;
  AmxEmulator& operator=(const AmxEmulator&) = delete;
  ~AmxEmulator();

  /// Products of tiles (TDPBF16PS) that were emulated, by all threads.
  static long products();
  /// False once a thread used tiles without a configuration of eight tiles of 16 rows x 64 bytes, or left it loaded.
  static bool configured_rightly();
};

}  // namespace nn::test

// What the threads of a kernel load and store, byte by byte. tests/CMakeLists.txt has the compiler call a function
// before every access to memory in cuda/kernels/*.cu (-fsanitize=thread); those functions are here, not
// ThreadSanitizer's. So the very code of a kernel tells its traffic, and which bytes two of its threads would fight
// for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "cuda/launch/launch.cuh"

namespace test {

/// Counts what the threads of every launch do to memory that is neither their own (stack) nor the program's constants.
///
/// A race is a test failure at once: within a launch, a byte that one thread stores may be loaded or stored by another
/// only if the two are of one block with a barrier in between.
class MemoryTrace final : public cuda::LaunchObserver {
 public:
  /// Watches all launches from now on. Launches must come from the calling thread.
  static MemoryTrace& install();
  /// False if the kernels were not compiled for it: beside other sanitizers.
  static bool possible();

  /// How often the threads of all launches since the last forget() loaded and stored a byte.
  struct Count {
    std::uint32_t loads = 0, stores = 0;
  };
  Count of(const void* byte) const;
  /// Bytes that were moved by all of these loads and stores, but for those of memory that the threads of a block share.
  std::int64_t loaded() const { return loaded_; }
  std::int64_t stored() const { return stored_; }
  void forget();

  /// Called before an access.
  void note(const void* address, std::size_t bytes, bool store);

  void begin_launch(const char* body, const void* shared, std::size_t shared_bytes) override;
  void begin_thread(std::uint32_t block, std::uint32_t thread) override;
  void end_thread() override;
  void barrier() override;
  void end_launch() override {}

 private:
  MemoryTrace();

  struct Access {
    std::uint64_t launch = 0;  // 0: none yet
    std::uint32_t block = 0, thread = 0, phase = 0;

    bool same_phase(const Access& other) const {
      return launch == other.launch && block == other.block && phase == other.phase;
    }
  };
  struct Byte {
    Count count;
    Access stored, loaded;  // the last ones
    // Who else has loaded it in this launch: threads of the same block and phase as the last, threads of other blocks.
    bool by_threads = false, by_blocks = false;
  };
  static constexpr std::uintptr_t line_bytes = 64;
  using Line = std::array<Byte, line_bytes>;

  bool is_watched(std::uintptr_t address) const;
  bool conflicts(const Access& other, bool shared) const;
  void note_byte(Byte& byte, bool shared, bool store);
  void report_race(const Access& other);

  std::uintptr_t stack_begin_ = 0, stack_end_ = 0;
  const char* body_ = "";
  std::uintptr_t shared_begin_ = 0, shared_end_ = 0;
  bool inside_ = false, reported_ = false;
  Access now_;
  std::int64_t loaded_ = 0, stored_ = 0;
  std::unordered_map<std::uintptr_t, Line> lines_;  // by address / line_bytes
};

}  // namespace test

// Waiting for what another thread will do very soon, as between two kernels of a network: looking again for a moment
// costs less than to sleep and be woken, which takes some microseconds each time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace nn {

/// Threads wait here until a condition over atomics holds: for a bounded time they look again and again, then they
/// sleep. Whoever makes the condition true calls wake() afterwards. The atomics are read and written in the default
/// order (sequentially consistent): then either the waiter sees the change or wake() sees the sleeper.
class ShortWait {
 public:
  /// `look`: whether to look again before sleeping; pointless where threads are more than cores.
  explicit ShortWait(bool look) : look_(look) {}

  template <class Condition>
  void until(const Condition& holds) {
    if (look_ && seen_soon(holds)) return;
    std::unique_lock lock(mutex_);
    ++sleepers_;
    wake_.wait(lock, holds);
    --sleepers_;
  }

  void wake() {
    if (sleepers_ == 0) return;
    { const std::lock_guard lock(mutex_); }  // a sleeper between its last look and its sleep holds the mutex
    wake_.notify_all();
  }

  /// Locks a mutex that nobody holds for long.
  static std::unique_lock<std::mutex> lock(std::mutex& mutex) {
    std::unique_lock lock(mutex, std::defer_lock);
    if (!seen_soon([&] { return lock.try_lock(); })) lock.lock();
    return lock;
  }

 private:
  using Clock = std::chrono::steady_clock;
  // Most waits of a network end within the first; after it other programs may have the core.
  static constexpr auto busy_time = std::chrono::microseconds(40), yielding_time = std::chrono::microseconds(160);

  template <class Condition>
  static bool seen_soon(const Condition& holds) {
    constexpr int looks_a_time = 32;
    const auto begin = Clock::now();
    for (auto waited = Clock::duration(0); waited < busy_time + yielding_time; waited = Clock::now() - begin) {
      for (int i = 0; i < looks_a_time; ++i) {
        if (holds()) return true;
        waited < busy_time ? pause() : std::this_thread::yield();
      }
    }
    return false;
  }

  /// Leaves the core's units to the other thread that may share them.
  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  bool look_;
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace nn

// Something to wait at until it is opened.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace cuda {

class Gate {
 public:
  /// Whoever waits goes on after this time though the gate is shut: a stream that is held back must not stand still for
  /// ever if the host, against what was agreed, waits for it.
  explicit Gate(std::chrono::milliseconds patience = std::chrono::milliseconds(50)) : patience_(patience) {}

  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    opened_.notify_all();
  }
  /// True if it was opened in time.
  bool wait() {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, patience_, [this] { return open_; });
  }

 private:
  std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

}  // namespace cuda

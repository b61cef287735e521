// How long the device takes for what is queued, for choices between ways to compute the same.
//
// A kernel may take 5 microseconds and the host as long to queue it, or, with everything to look up, 20. So many are
// queued between two events, and none begins before all are queued: the host's time does not count.
//
//   host     hold | begin | queue x 64 | end | let go    wait
//   device   ............ held ..............| x 64      (end - begin) / 64
#pragma once

#include <algorithm>
#include <limits>

#include "cuda/runtime/check.h"
#include "cuda/runtime/gate.h"

namespace cuda {

/// So many that together they take a millisecond: events tell half a microsecond.
constexpr int repetitions_for(float milliseconds_of_one) {
  constexpr int most = 64;  // fewer than the device queues before the host has to wait
  return milliseconds_of_one * most <= 1 ? most : std::max(1, static_cast<int>(1 / milliseconds_of_one));
}

class Stopwatch {
 public:
  /// Times what is queued on `stream`, which must not be capturing.
  explicit Stopwatch(cudaStream_t stream) : stream_(stream) {}

  /// Milliseconds of what `work` queues, the same each time: the fastest of three rounds, after one that warms up. The
  /// work must not wait for the stream. Waits for it.
  template <class Work>
  float milliseconds(const Work& work) {
    constexpr int rounds = 3;
    work();  // loads kernels, fills caches
    const int repetitions = repetitions_for(milliseconds_of_one(1, work));
    float fastest = std::numeric_limits<float>::infinity();
    for (int i = 0; i < rounds; ++i) fastest = std::min(fastest, milliseconds_of_one(repetitions, work));
    return fastest;
  }

 private:
  struct TimedEvent {
    TimedEvent() { CUDA_CHECK(cudaEventCreate(&event)); }
    ~TimedEvent() { cudaEventDestroy(event); }
    TimedEvent(const TimedEvent&) = delete;
    TimedEvent& operator=(const TimedEvent&) = delete;
    void record(cudaStream_t stream) const { CUDA_CHECK(cudaEventRecord(event, stream)); }

    cudaEvent_t event = nullptr;
  };

  /// While it lives the stream stands still. Then everything queued is waited for, whatever was thrown: the gate goes.
  class Hold {
   public:
    explicit Hold(cudaStream_t stream) : stream_(stream) { CUDA_CHECK(cudaLaunchHostFunc(stream, wait_at, &gate_)); }
    ~Hold() {
      gate_.open();
      cudaStreamSynchronize(stream_);  // a failure shows in the next call
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    static void wait_at(void* gate) { static_cast<Gate*>(gate)->wait(); }

    cudaStream_t stream_;
    Gate gate_;
  };

  template <class Work>
  float milliseconds_of_one(int repetitions, const Work& work) {
    {
      const Hold hold(stream_);
      begin_.record(stream_);
      for (int i = 0; i < repetitions; ++i) work();
      end_.record(stream_);
    }
    CUDA_CHECK(cudaEventSynchronize(end_.event));
    float elapsed = 0;
    CUDA_CHECK(cudaEventElapsedTime(&elapsed, begin_.event, end_.event));
    return elapsed / static_cast<float>(repetitions);
  }

  cudaStream_t stream_;
  TimedEvent begin_{}, end_{};
};

}  // namespace cuda

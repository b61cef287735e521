// How long queued work takes, for choices between ways to compute the same.
#pragma once

#include "cuda/runtime/check.h"

namespace cuda {

class Stopwatch {
 public:
  /// Times what is queued on `stream`, which must not be capturing.
  explicit Stopwatch(cudaStream_t stream) : stream_(stream) {}

  /// What `work` queues, in milliseconds. Waits for it.
  template <class Work>
  float milliseconds(const Work& work) {
    begin_.record(stream_);
    work();
    end_.record(stream_);
    CUDA_CHECK(cudaEventSynchronize(end_.event));
    float elapsed = 0;
    CUDA_CHECK(cudaEventElapsedTime(&elapsed, begin_.event, end_.event));
    return elapsed;
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

  cudaStream_t stream_;
  TimedEvent begin_{}, end_{};
};

}  // namespace cuda

#include "nn/core/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "nn/core/error.h"
#include "nn/core/short_wait.h"

namespace nn {
namespace {

using Body = std::function<void(std::int64_t, std::int64_t)>;

/// A thread's share of the chunks: neighbours, and as far as can be the same part of the whole in each parallel_for. So
/// what a kernel wrote lies in the caches of the core that reads it in the next. Any thread may help with it.
struct alignas(64) Share {
  std::atomic<std::int64_t> next{0};
  std::int64_t end = 0;
};

/// One parallel_for.
struct Job {
  std::int64_t begin, end, grain, chunks;
  const Body* body;
  std::mutex error_mutex{};
  std::exception_ptr error{};

  void run(std::int64_t chunk) {
    const std::int64_t first = begin + chunk * grain;
    try {
      (*body)(first, std::min(first + grain, end));
    } catch (...) {
      const std::lock_guard lock(error_mutex);
      if (!error) error = std::current_exception();
    }
  }
};

thread_local bool inside_parallel_for = false;

/// The caller posts a job, works too, closes it and waits for those still at it. Who has done its share helps others
/// with theirs, and does that of a thread that never came. Waits are short where every thread has a core of its own,
/// see short_wait.h.
class ThreadPool {
 public:
  explicit ThreadPool(int threads)
      : threads_(threads),
        shares_(static_cast<std::size_t>(threads)),
        posted_(threads <= usable_cores()),
        finished_(threads <= usable_cores()) {
    workers_.reserve(static_cast<std::size_t>(threads));
    try {
      for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
    } catch (const std::exception&) {  // the system's limit is reached: those that have started share the work
    }
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    stop_ = true;
    posted_.wake();
    for (std::thread& worker : workers_) worker.join();
  }

  /// As many as were asked for.
  int threads() const { return threads_; }

  void run(Job& job) {
    share_out(job.chunks);
    job_ = &job;
    state_ += one_job | open;
    posted_.wake();
    inside_parallel_for = true;
    work_at(job, 0);
    inside_parallel_for = false;
    state_ -= open;
    finished_.until([this] { return (state_ & busy) == 0; });
  }

 private:
  // One word says which job is posted, whether more workers may join it, and how many are at it: so nobody joins a job
  // that has been closed, and whose memory may be gone.
  static constexpr std::uint64_t busy = 0xffff, open = 0x10000, one_job = 0x20000;

  static int usable_cores() { return static_cast<int>(std::thread::hardware_concurrency()); }

  /// Where chunks cannot be shared equally the first threads have one more: the caller is there at once.
  void share_out(std::int64_t chunks) {
    for (std::int64_t i = 0; i < threads_; ++i) {
      Share& share = shares_[static_cast<std::size_t>(i)];
      share.next = (i * chunks + threads_ - 1) / threads_;
      share.end = ((i + 1) * chunks + threads_ - 1) / threads_;
    }
  }

  /// The thread's own share first, then what is left of the others.
  void work_at(Job& job, int thread) {
    for (int i = 0; i < threads_; ++i) {
      Share& share = shares_[static_cast<std::size_t>((thread + i) % threads_)];
      while (share.next < share.end) {
        if (const std::int64_t chunk = share.next++; chunk < share.end) job.run(chunk);
      }
    }
  }

  void work(int thread) {
    inside_parallel_for = true;
    std::uint64_t seen = 0;
    const auto is_new = [&](std::uint64_t state) { return (state & open) != 0 && state / one_job != seen; };
    for (;;) {
      posted_.until([&] { return stop_ || is_new(state_); });
      if (stop_) return;
      std::uint64_t state = state_;
      if (!is_new(state) || !state_.compare_exchange_strong(state, state + 1)) continue;
      seen = state / one_job;
      work_at(*job_.load(), thread);
      if ((--state_ & busy) == 0) finished_.wake();
    }
  }

  int threads_;
  std::vector<Share> shares_;  // of the job that is posted
  std::atomic<std::uint64_t> state_{0};
  std::atomic<Job*> job_{nullptr};
  std::atomic<bool> stop_{false};
  ShortWait posted_, finished_;
  std::vector<std::thread> workers_;
};

// One parallel_for at a time owns the pool; a second caller (a loader's thread) runs its chunks itself.
std::mutex pool_mutex;
std::unique_ptr<ThreadPool> pool;
std::atomic<int> wanted_threads{static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))};

}  // namespace

void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain, const Body& body) {
  if (end <= begin) return;
  NN_CHECK(grain > 0, "[parallel_for] grain must be positive, is ", grain);
  Job job{.begin = begin, .end = end, .grain = grain, .chunks = (end - begin + grain - 1) / grain, .body = &body};
  std::unique_lock lock(pool_mutex, std::defer_lock);
  const bool parallel = job.chunks > 1 && !inside_parallel_for && wanted_threads > 1 && lock.try_lock();
  if (!parallel) {
    for (std::int64_t chunk = 0; chunk < job.chunks; ++chunk) job.run(chunk);
  } else {
    if (!pool || pool->threads() != wanted_threads) {
      pool.reset();
      pool = std::make_unique<ThreadPool>(wanted_threads);
    }
    pool->run(job);
  }
  if (job.error) std::rethrow_exception(job.error);
}

SerialSection::SerialSection() : before_(inside_parallel_for) { inside_parallel_for = true; }
SerialSection::~SerialSection() { inside_parallel_for = before_; }

int thread_count() { return wanted_threads; }

void set_thread_count(int threads) {
  NN_CHECK(threads >= 1 && threads <= 1024, "[threads] expected 1 to 1024, got ", threads);
  wanted_threads = threads;
}

}  // namespace nn

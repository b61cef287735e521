#include "nn/core/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "nn/core/error.h"

namespace nn {
namespace {

using Body = std::function<void(std::int64_t, std::int64_t)>;

/// One parallel_for: chunks are handed out by a counter until none is left.
struct Job {
  std::int64_t begin, end, grain, chunks;
  const Body* body;
  std::atomic<std::int64_t> next{0};
  std::mutex error_mutex{};
  std::exception_ptr error{};

  void run() {
    for (std::int64_t chunk; (chunk = next.fetch_add(1)) < chunks;) {
      const std::int64_t first = begin + chunk * grain;
      try {
        (*body)(first, std::min(first + grain, end));
      } catch (...) {
        const std::lock_guard lock(error_mutex);
        if (!error) error = std::current_exception();
      }
    }
  }
};

thread_local bool inside_parallel_for = false;

/// Workers sleep until a job is posted; the caller works too and then waits for those still at it.
class ThreadPool {
 public:
  explicit ThreadPool(int threads) : threads_(threads) {
    workers_.reserve(static_cast<std::size_t>(threads));
    try {
      for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
    } catch (const std::exception&) {  // the system's limit is reached: those that have started share the work
    }
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  /// As many as were asked for.
  int threads() const { return threads_; }

  void run(Job& job) {
    {
      const std::lock_guard lock(mutex_);
      job_ = &job;
      ++generation_;
    }
    wake_.notify_all();
    inside_parallel_for = true;
    job.run();
    inside_parallel_for = false;
    std::unique_lock lock(mutex_);
    job_ = nullptr;
    idle_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  void work() {
    inside_parallel_for = true;
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stop_ || (job_ != nullptr && generation_ != seen); });
      if (stop_) return;
      seen = generation_;
      Job* job = job_;
      ++busy_;
      lock.unlock();
      job->run();
      lock.lock();
      if (--busy_ == 0) idle_.notify_all();
    }
  }

  int threads_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  Job* job_ = nullptr;
  std::uint64_t generation_ = 0;
  int busy_ = 0;
  bool stop_ = false;
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
    job.run();
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

// A step as a CUDA graph: what `step` queues on the stream is recorded instead of run, then launched as a whole.
#include "cuda/runtime/step_graph.h"

#include "cuda/runtime/check.h"
#include "cuda/runtime/context.h"
#include "cuda/runtime/memory.h"

namespace cuda {
namespace {

/// The stream records from here to the end; an exception in between ends the recording, too, and leaves the stream as
/// it was before.
class StreamRecording {
 public:
  // "thread local": other threads may allocate and copy meanwhile, on streams of their own.
  explicit StreamRecording(cudaStream_t stream) : stream_(stream) {
    CUDA_CHECK(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  }
  ~StreamRecording() {
    if (ended_) return;
    cudaGraph_t graph = nullptr;
    cudaStreamEndCapture(stream_, &graph);
    if (graph != nullptr) cudaGraphDestroy(graph);
    cudaGetLastError();  // the exception says what went wrong
  }
  StreamRecording(const StreamRecording&) = delete;
  StreamRecording& operator=(const StreamRecording&) = delete;

  cudaGraph_t end() {
    ended_ = true;
    cudaGraph_t graph = nullptr;
    const cudaError_t status = cudaStreamEndCapture(stream_, &graph);
    if (status != cudaSuccess) cudaGetLastError();
    check(status, "cudaStreamEndCapture");
    return graph;
  }

 private:
  cudaStream_t stream_;
  bool ended_ = false;
};

class StepGraph final : public nn::StepGraph {
 public:
  StepGraph() : arena_(device_memory()) {}
  ~StepGraph() override {
    if (executable_ == nullptr) return;
    cudaStreamSynchronize(context().stream());  // the last replay may still run, in memory that goes with the arena
    cudaGraphExecDestroy(executable_);
  }
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  void capture(const std::function<void()>& step) override {
    const cudaStream_t stream = context().stream();
    forget();
    CUDA_CHECK(cudaStreamSynchronize(stream));
    device_memory().release_unused();  // what the steps before kept is room for this one's arena
    cudaGraph_t graph = record(step, stream);
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "cudaGraphInstantiate");
  }

  bool captured() const override { return executable_ != nullptr; }

  void replay() override {
    NN_CHECK(captured(), "[step] nothing has been recorded that could be replayed");
    CUDA_CHECK(cudaGraphLaunch(executable_, context().stream()));
  }

 private:
  cudaGraph_t record(const std::function<void()>& step, cudaStream_t stream) {
    const CachingAllocator::Recording memory(arena_);
    StreamRecording recording(stream);
    step();
    return recording.end();
  }
  void forget() {
    if (executable_ == nullptr) return;
    CUDA_CHECK(cudaStreamSynchronize(context().stream()));
    CUDA_CHECK(cudaGraphExecDestroy(executable_));
    executable_ = nullptr;
  }

  CachingAllocator::Arena arena_;
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace

std::unique_ptr<nn::StepGraph> make_step_graph() { return std::make_unique<StepGraph>(); }

}  // namespace cuda

#include "tests/traffic/recording_device.h"

#include <sys/mman.h>

#include <tuple>
#include <type_traits>
#include <utility>

#include "cuda/conv/convolve.h"
#include "cuda/gemm/gemm.h"
#include "cuda/kernels/fold_weights.h"
#include "cuda/kernels/staging.h"
#include "cuda/launch/row_reduction.h"
#include "nn/core/device_runtime.h"
#include "tests/support/kernel_rules.h"

namespace test {
namespace {

using nn::Tensor;

std::vector<RecordedCall>* recorded = nullptr;

/// Addresses whose pages stay the system's one page of zeros until somebody writes.
class UntouchedMemory final : public nn::Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    void* block = mmap(nullptr, bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    NN_CHECK(block != MAP_FAILED, "[recording device] no addresses for ", bytes, " bytes");
    return block;
  }
  void deallocate(void* block, std::size_t bytes) noexcept override { munmap(block, bytes + 1); }
};

class NoTransfer final : public nn::Transfer {
  void upload(const nn::RowCopy& /*copy*/) override {}
  void before_next_kernels() override {}
  void download(const nn::RowCopy& /*copy*/) override {}
  void wait() override {}
};

class RecordingRuntime final : public nn::DeviceRuntime {
 public:
  const std::string& why_unavailable() override { return nothing_; }
  std::string description() override { return "a device of the tests"; }
  nn::Allocator& memory() override { return memory_; }
  nn::Allocator& pinned_memory() override { return pinned_; }
  void copy(const nn::RowCopy& copy) override {
    if (copy.to_device == nn::Device::cpu || copy.from_device == nn::Device::cpu) return;
    const auto bytes = static_cast<std::int64_t>(copy.row_bytes * copy.rows);
    recorded->push_back({.kernel = "copy", .read = bytes, .written = bytes});
  }
  void clear(void* /*to*/, std::size_t bytes) override {
    recorded->push_back({.kernel = "clear", .written = static_cast<std::int64_t>(bytes)});
  }
  void synchronize() override {}
  std::unique_ptr<nn::Transfer> make_transfer() override { return std::make_unique<NoTransfer>(); }
  std::unique_ptr<nn::StepGraph> make_step_graph() override { return nullptr; }
  void configure(const nn::DeviceOptions& /*options*/) override {}

 private:
  UntouchedMemory memory_, pinned_;
  const std::string nothing_;
};

std::int64_t bytes_of(const Tensor& tensor) {
  return tensor.defined() ? tensor.elements() * static_cast<std::int64_t>(nn::size_of(tensor.dtype())) : 0;
}

/// Adds what the tensor's letter in kernel_rules.h says.
void add_tensor(char rule, const Tensor& tensor, float beta, RecordedCall& call) {
  const bool written = rule == 'w' || rule == 'W' || rule == 'V';
  const bool both = rule == 'm' || rule == 'x' || (written && rule != 'W' && beta != 0);
  if (written || both) call.written += bytes_of(tensor);
  if (!written || both) call.read += bytes_of(tensor);
}

/// beta of the map that a call writes; a function's last number, or the first of a struct of targets.
template <class Argument>
void look_for_beta(const Argument& argument, float& beta) {
  if constexpr (std::is_same_v<Argument, float>) {
    beta = argument;
  } else if constexpr (std::is_same_v<Argument, nn::NormalizeGradients>) {
    beta = argument.x.beta;
  }
}

/// Partial sums of a map that is added up per channel (cuda/launch/row_reduction.cuh), `size` bytes each.
std::int64_t partial_bytes(const Tensor& x, std::int64_t sums, std::int64_t size) {
  const int width = cuda::vector_bytes / static_cast<int>(nn::size_of(x.dtype()));
  return cuda::RowSlices(x.rows(), x.c(), width).slices * sums * x.c() * size;
}

/// Whether two names are of one slot: told by their types, since g++ compares no addresses of variables in a constant
/// expression when it builds for UndefinedBehaviorSanitizer.
template <auto& slot, auto& other>
constexpr bool is_slot = false;
template <auto& slot>
constexpr bool is_slot<slot, slot> = true;

template <auto& slot>
std::int64_t scratch_bytes(const auto& first, const auto&... /*others*/) {
  if constexpr (is_slot<slot, nn::sum_rows>) {
    return partial_bytes(first, 1, sizeof(float));
  } else if constexpr (is_slot<slot, nn::normalize_backward>) {
    return partial_bytes(first, 2, sizeof(float));
  } else if constexpr (is_slot<slot, nn::channel_statistics_forward>) {
    return partial_bytes(first, 2, sizeof(double));
  } else {
    return 0;
  }
}

template <auto& slot, class Signature>
struct Recorder;

template <auto& slot, class... Args>
struct Recorder<slot, nn::Kernel<void(Args...)>> {
  static inline const char* rules = nullptr;

  static void run(Args... args) {
    float beta = 0;
    (look_for_beta(args, beta), ...);
    RecordedCall call{.kernel = slot.name()};
    const char* rule = rules;
    (for_each_tensor_of(args, [&](const Tensor& tensor) { add_tensor(*rule++, tensor, beta, call); }), ...);
    call.scratch = 2 * scratch_bytes<slot>(args...);
    recorded->push_back(call);
  }
};

template <auto& slot>
void record(const char* rules) {
  using Own = Recorder<slot, std::remove_reference_t<decltype(slot)>>;
  Own::rules = rules;
  slot.set(nn::Device::cuda, Own::run);
}

void note_convolution(const Tensor& image, const Tensor& w, const Tensor& y, const Tensor& bias, const Tensor& written,
                      float beta) {
  const std::int64_t all = bytes_of(image) + bytes_of(w) + bytes_of(y) + bytes_of(bias), result = bytes_of(written);
  recorded->push_back({.kernel = "convolution",
                       .read = all - result + (beta != 0 ? result : 0),
                       .written = result,
                       .operations = 2 * y.elements() * w.h() * w.w() * w.c()});
}

std::int64_t bytes_of(const cuda::Matrix& matrix) {
  return matrix.rows * matrix.columns * static_cast<std::int64_t>(nn::size_of(matrix.dtype));
}

}  // namespace

void install_recording_device(std::vector<RecordedCall>& calls) {
  recorded = &calls;
  nn::set_runtime(nn::Device::cuda, new RecordingRuntime);  // never destroyed, as tensors may outlive everything
  for_each_kernel_rule([]<auto & slot>(const char* rules) { record<slot>(rules); });
}

}  // namespace test

// What cuda/conv/conv.cpp and cuda/gemm/linear.cpp call.
namespace cuda {

using test::recorded;

void convolve_forward(const nn::Tensor& x, const nn::Tensor& w, const nn::Tensor& bias, bool /*relu*/,
                      const nn::ConvGeometry& /*geometry*/, const nn::Tensor& y) {
  test::note_convolution(x, w, y, bias, y, 0);
}
void convolve_backward_data(const nn::Tensor& dy, const nn::Tensor& w, const nn::ConvGeometry& /*geometry*/,
                            const nn::Tensor& dx, float beta) {
  test::note_convolution(dx, w, dy, {}, dx, beta);
}
void convolve_backward_weights(const nn::Tensor& x, const nn::Tensor& dy, const nn::ConvGeometry& /*geometry*/,
                               const nn::Tensor& dw, float beta) {
  test::note_convolution(x, dw, dy, {}, dw, beta);
}

bool relu_keeps_nan(nn::DType /*dtype*/) { return true; }

void multiply(const MatrixProduct& product) {
  const auto& [a, b, c, transpose_a, transpose_b, alpha, beta, bias, relu] = product;
  const std::int64_t inner = transpose_a ? a.rows : a.columns;
  recorded->push_back({.kernel = "matrix product",
                       .read = test::bytes_of(a) + test::bytes_of(b) + (beta != 0 ? test::bytes_of(c) : 0) +
                               (bias != nullptr ? test::bytes_of(c) / c.rows : 0),
                       .written = test::bytes_of(c),
                       .operations = 2 * c.rows * c.columns * inner});
}

void fold_weights(const nn::Tensor& w, const nn::ConvEpilogue& epilogue, const nn::Tensor& folded,
                  const nn::Tensor& folded_bias) {
  const auto& [bias, scale, shift, relu, beta, mean, variance] = epilogue;
  recorded->push_back({.kernel = "fold_weights",
                       .read = test::bytes_of(w) + test::bytes_of(bias) + test::bytes_of(scale) + test::bytes_of(shift),
                       .written = test::bytes_of(folded) + test::bytes_of(folded_bias)});
}

void gather(const nn::Tensor& x, const nn::ConvPrologue& prologue, const nn::Tensor& z) {
  const auto& [scale, shift, relu] = prologue;
  const std::int64_t numbers = test::bytes_of(scale) + test::bytes_of(shift);
  const bool has_prologue = numbers > 0 || relu, fills_up = x.shape() != z.shape();
  const std::int64_t again = has_prologue && fills_up ? test::bytes_of(x) : 0;  // a second pass
  recorded->push_back(
      {.kernel = "gather", .read = test::bytes_of(x) + again + numbers, .written = test::bytes_of(z) + again});
}
void scatter(const nn::Tensor& x, const nn::Tensor& y, float beta) {
  const std::int64_t kept = y.elements() * static_cast<std::int64_t>(nn::size_of(x.dtype()));
  recorded->push_back(
      {.kernel = "scatter", .read = kept + (beta != 0 ? test::bytes_of(y) : 0), .written = test::bytes_of(y)});
}

}  // namespace cuda

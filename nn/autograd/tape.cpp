#include "nn/autograd/tape.h"

#include <utility>

#include "nn/kernels/arithmetic.h"
#include "nn/kernels/fill.h"

namespace nn {

void Tape::record(const char* name, std::function<void()> backward) { entries_.push_back({name, std::move(backward)}); }

void Tape::backward(const Variable& loss, double scale) {
  NN_CHECK(loss.value().elements() == 1, "[backward] the loss must be one number, shape is ", loss.shape());
  NN_CHECK(loss.recorded() && loss.tape() == this, "[backward] the loss was not computed on this tape");
  fill(scale, loss.gradient_target().gradient);
  unwind();
}

void Tape::backward_from(const Variable& output, const Tensor& gradient) {
  NN_CHECK(output.recorded() && output.tape() == this, "[backward] the output was not computed on this tape");
  NN_CHECK(output.shape() == gradient.shape(), "[backward] output ", output.shape(), ", gradient ", gradient.shape());
  const GradTarget target = output.gradient_target();
  accumulate(gradient, target.gradient, target.beta);
  unwind();
}

void Tape::unwind() {
  std::vector<Entry> entries = std::exchange(entries_, {});  // so the tape is empty after an exception, too
  while (!entries.empty()) {
    const Entry entry = std::move(entries.back());
    entries.pop_back();
    entry.backward();
  }
}

std::vector<const char*> Tape::names() const {
  std::vector<const char*> list;
  for (const Entry& entry : entries_) list.push_back(entry.name);
  return list;
}

}  // namespace nn

// Uploads run on a stream of their own, beside the kernels; downloads run in order with the
// kernels, so that a later step cannot overwrite what is being read.
#include "cuda/runtime/transfer.h"

#include "cuda/runtime/context.h"
#include "cuda/runtime/copy.h"
#include "cuda/runtime/event.h"

namespace cuda {
namespace {

class Transfer final : public nn::Transfer {
 public:
  void upload(const nn::RowCopy& copy) override {
    queue_copy(copy, context().copy_stream());
    uploaded_.record(context().copy_stream());
  }
  void before_next_kernels() override { uploaded_.delay(context().stream()); }

  void download(const nn::RowCopy& copy) override {
    queue_copy(copy, context().stream());
    downloaded_.record(context().stream());
  }
  void wait() override {
    uploaded_.wait();
    downloaded_.wait();
  }

 private:
  Event uploaded_, downloaded_;
};

}  // namespace

std::unique_ptr<nn::Transfer> make_transfer() {
  context();  // makes the device ready
  return std::make_unique<Transfer>();
}

}  // namespace cuda

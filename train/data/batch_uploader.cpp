#include "train/data/batch_uploader.h"

#include <algorithm>

#include "nn/core/device_runtime.h"
#include "nn/core/error.h"
#include "nn/kernels/ct_input.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"

namespace train {

using nn::Device;
using nn::DType;
using nn::RowCopy;
using nn::Shape;
using nn::Tensor;

namespace {

/// True if `next` begins where `copy` ends, on both sides.
bool goes_on(const RowCopy& copy, const RowCopy& next) {
  return copy.rows == 1 && next.rows == 1 && static_cast<char*>(copy.to) + copy.row_bytes == next.to &&
         static_cast<const char*>(copy.from) + copy.row_bytes == next.from;
}

}  // namespace

/// Where one batch arrives on the device, and what must stay on the host until it has.
struct BatchUploader::Landing {
  explicit Landing(Device where) : device(where), transfer(nn::require_runtime(where).make_transfer()) {}
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;
  ~Landing() {
    try {
      clear();
    } catch (...) {  // a device that has failed copies nothing any more
    }
  }

  /// Waits until the batch that was here before has been copied and read.
  void clear() {
    transfer->wait();
    held = {};
  }

  /// A contiguous tensor in `room`, which grows if need be.
  Tensor land(Tensor& room, Shape shape, DType dtype) const {
    if (!room.defined() || room.elements() < shape.elements()) {
      room = Tensor::empty(nn::vector_shape(shape.elements()), dtype, device);
      nn::synchronize(device);  // kernels queued earlier may still use this memory, and a transfer would not wait
    }
    return room.flat_range(0, shape);
  }

  /// `host` on its way up.
  Tensor send(const Tensor& host, Tensor& room) const {
    if (!host.defined()) return {};
    Tensor landed = land(room, host.shape(), host.dtype());
    transfer->upload(nn::row_copy(host, landed));
    return landed;
  }

  /// All slices of a batch one after the other, whatever their sizes, in as few copies as can be; the place of the
  /// first element of each.
  std::vector<std::int64_t> send_slices(const std::vector<Tensor>& pieces) {
    std::vector<std::int64_t> places;
    std::int64_t elements = 0;
    for (const Tensor& piece : pieces) {
      places.push_back(elements);
      elements += piece.elements();
    }
    if (elements > 0) land(slices, nn::vector_shape(elements), DType::i16);
    RowCopy copy;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const RowCopy next = nn::row_copy(pieces[i], slices.flat_range(places[i], pieces[i].shape()));
      if (i > 0 && pieces[i].shares_storage(pieces[i - 1]) && goes_on(copy, next)) {
        copy.row_bytes += next.row_bytes;
        continue;
      }
      if (i > 0) transfer->upload(copy);
      copy = next;
    }
    if (!pieces.empty()) transfer->upload(copy);
    return places;
  }

  /// Copies on their way when the kernels queued so far are done: clear() then waits for these kernels too.
  void mark_read() const { transfer->download(nn::row_copy(targets.flat_range(0, mark.shape()), mark)); }

  Device device;
  std::unique_ptr<nn::Transfer> transfer;
  Batch held{};
  Tensor input, slices, parameters, mean, deviation, targets, mask;  // room, as large as it was ever needed
  Tensor mark = Tensor::pinned(nn::vector_shape(1));
};

BatchUploader::BatchUploader(Device device, DType input) : device_(device), input_(input) {
  if (device == Device::cpu) return;
  for (auto& landing : landings_) landing = std::make_unique<Landing>(device);
}

BatchUploader::~BatchUploader() = default;

DeviceBatch BatchUploader::upload(const Batch& batch) {
  const bool made_on_cpu = device_ == Device::cpu && batch.input.defined();
  if (made_on_cpu && batch.input.dtype() == input_) return {batch.input, batch.targets, batch.mask};
  DeviceBatch to{.input = Tensor::empty(batch.input_shape(), input_, device_),
                 .targets = Tensor::empty(batch.targets.shape(), DType::f32, device_),
                 .mask = Tensor::empty(batch.mask.shape(), DType::f32, device_)};
  upload(batch, to);
  return to;
}

void BatchUploader::upload_to_cpu(const Batch& batch, const DeviceBatch& to) const {
  if (batch.raw.defined()) {
    make_input(batch.raw, to.input);
  } else {
    nn::cast(batch.input, to.input);
  }
  nn::copy_into(batch.targets, to.targets);
  nn::copy_into(batch.mask, to.mask);
}

void BatchUploader::upload(const Batch& batch, const DeviceBatch& to) {
  NN_CHECK(to.input.shape() == batch.input_shape() && to.input.device() == device_, "[upload] a batch of ",
           batch.input_shape(), " does not go into an input ", to.input.shape(), " on ", to.input.device());
  if (device_ == Device::cpu) {
    upload_to_cpu(batch, to);
    return;
  }
  Landing& landing = *landings_[next_];
  next_ = (next_ + 1) % landings_.size();
  landing.clear();
  landing.held = batch;

  const RawInput& raw = batch.raw;
  const std::vector<std::int64_t> places = landing.send_slices(raw.slices);
  const Tensor parameters = landing.send(raw.parameters, landing.parameters),
               mean = landing.send(raw.mean, landing.mean), deviation = landing.send(raw.deviation, landing.deviation),
               targets = landing.send(batch.targets, landing.targets), mask = landing.send(batch.mask, landing.mask),
               input = landing.send(batch.input, landing.input);
  landing.transfer->before_next_kernels();

  for_each_slice_run(raw, [&](std::int64_t begin, std::int64_t end) {
    const auto first = static_cast<std::size_t>(begin);
    Shape shape = raw.slices[first].shape();
    shape.n = end - begin;
    nn::ct_input(landing.slices.flat_range(places[first], shape), parameters.batch_range(begin, end), mean, deviation,
                 to.input.batch_range(begin, end));
  });
  if (input.defined()) nn::cast(input, to.input);
  nn::copy_into(targets, to.targets);
  nn::copy_into(mask, to.mask);
  landing.mark_read();
}

}  // namespace train

#include "train/data/loader.h"

#include <algorithm>
#include <array>

#include "nn/core/error.h"
#include "nn/core/parallel.h"
#include "nn/functors/ct_input.h"
#include "nn/kernels/ct_input.h"
#include "nn/tensor/copy.h"

namespace train {
namespace {

constexpr std::uint32_t shuffle_purpose = 0x53485546;  // "SHUF": keeps these numbers apart from others of the same seed

}  // namespace

/// A batch while its images are made.
struct Loader::Pending {
  Batch batch;
  std::int64_t given_out = 0, done = 0;  // images
  std::int64_t failed_index = 0;         // the first image that failed, with its error
  std::exception_ptr error{};

  std::int64_t size() const { return static_cast<std::int64_t>(batch.images.size()); }

  /// Page-locked room for the slices of image `index`, {1, h, w, k}: images of the size that came first lie side by
  /// side, so that they go to a device as one copy. Any worker may call.
  nn::Tensor room(std::int64_t index, nn::Shape shape) {
    const std::lock_guard lock(side_by_side_mutex);
    if (!side_by_side.defined()) {
      side_by_side = nn::Tensor::pinned({size(), shape.h, shape.w, shape.c}, nn::DType::i16);
    }
    const nn::Tensor beside = side_by_side.batch_range(index, index + 1);
    return beside.shape() == shape ? beside : nn::Tensor::pinned(shape, nn::DType::i16);
  }

  std::mutex side_by_side_mutex;
  nn::Tensor side_by_side{};
};

LoaderOptions training_options(int batch_size, std::uint64_t seed) {
  return {.batch_size = batch_size, .shuffle = true, .augment = true, .strength = {}, .seed = seed};
}

LoaderOptions evaluation_options(int batch_size) { return {.batch_size = batch_size, .strength = {}}; }

Loader::Loader(const Dataset& dataset, std::vector<std::size_t> images, Preprocessing preprocessing,
               LoaderOptions options, SliceCache& cache)
    : dataset_(dataset),
      images_(std::move(images)),
      preprocessing_(std::move(preprocessing)),
      options_(std::move(options)),
      cache_(cache),
      mean_(channel_vector(preprocessing_.mean)),
      deviation_(channel_vector(preprocessing_.deviation)) {
  check();
}

void Loader::check() const {
  preprocessing_.check();
  NN_CHECK(options_.batch_size >= 1, "[loader] expects a batch of at least 1 image, got ", options_.batch_size);
  NN_CHECK(options_.workers >= 1 && options_.prefetch >= 1,
           "[loader] expects at least 1 worker and 1 batch ahead, got ", options_.workers, " and ", options_.prefetch);
  NN_CHECK(preprocessing_.images == dataset_.kind, "[loader] the model reads ", name(preprocessing_.images),
           ", the data set holds ", name(dataset_.kind));
  for (const std::size_t image : images_) {
    NN_CHECK(image < dataset_.images.size(), "[loader] image ", image, " of ", dataset_.images.size());
  }
}

Loader::~Loader() { stop(); }

std::int64_t Loader::steps_per_epoch() const { return (images() + options_.batch_size - 1) / options_.batch_size; }

std::vector<std::size_t> Loader::epoch_order(int epoch) const {
  std::vector<std::size_t> order = images_;
  if (options_.shuffle) {
    nn::Random random(options_.seed, shuffle_purpose, static_cast<std::uint64_t>(epoch));
    nn::shuffle(order, random);
  }
  return order;
}

void Loader::start(int epoch, std::int64_t first_step) {
  NN_CHECK(first_step >= 0 && first_step <= steps_per_epoch(), "[loader] step ", first_step, " of ", steps_per_epoch());
  stop();
  stopping_ = false;
  epoch_ = epoch;
  order_ = epoch_order(epoch);
  next_step_ = first_step;
  begin_batches();
  try {
    for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { work(); });
  } catch (...) {  // no more threads to be had
    stop();
    throw;
  }
}

void Loader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_to_do_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  pending_.clear();
}

std::optional<Batch> Loader::next() {
  if (pending_.empty()) {
    stop();
    return std::nullopt;
  }
  std::shared_ptr<Pending> ready;
  {
    std::unique_lock lock(mutex_);
    batch_done_.wait(lock, [&] { return pending_.front()->done == pending_.front()->size(); });
    ready = pending_.front();
    pending_.pop_front();
    if (!ready->error) begin_batches();
  }
  if (ready->error) {
    stop();
    std::rethrow_exception(ready->error);
  }
  work_to_do_.notify_all();
  return std::move(ready->batch);
}

std::shared_ptr<Loader::Pending> Loader::begin_batch(std::int64_t step) const {
  const auto begin = order_.begin() + step * options_.batch_size;
  const auto end = order_.begin() + std::min(images(), (step + 1) * options_.batch_size);
  const std::int64_t n = end - begin, size = preprocessing_.size;
  const nn::Shape shape = {n, size, size, preprocessing_.channels()}, labels = nn::matrix_shape(n, io::label_count);
  auto pending = std::make_shared<Pending>();
  Batch& batch = pending->batch;
  batch = {.targets = nn::Tensor::pinned(labels),
           .mask = nn::Tensor::pinned(labels),
           .images = {begin, end},
           .epoch = epoch_,
           .step = step};
  if (options_.raw) {
    const int columns = nn::functors::ct_columns(static_cast<int>(preprocessing_.windows.size()));
    batch.raw = {.shape = shape,
                 .slices = std::vector<nn::Tensor>(static_cast<std::size_t>(n)),
                 .parameters = nn::Tensor::pinned(nn::matrix_shape(n, columns), nn::DType::f64),
                 .mean = mean_,
                 .deviation = deviation_};
  } else {
    batch.input = nn::Tensor::empty(shape);
  }
  return pending;
}

void Loader::begin_batches() {
  while (next_step_ < steps_per_epoch() && static_cast<int>(pending_.size()) < options_.prefetch) {
    pending_.push_back(begin_batch(next_step_));
    ++next_step_;
  }
}

std::optional<Loader::Slot> Loader::take_slot() {
  for (const std::shared_ptr<Pending>& pending : pending_) {
    if (pending->given_out < pending->size()) return Slot{pending, pending->given_out++};
  }
  return std::nullopt;
}

RawImage Loader::raw_image_of(std::size_t index, int epoch) const {
  const DatasetImage& image = dataset_.images[index];
  std::vector<std::shared_ptr<const DecodedImage>> held;
  std::vector<const DecodedImage*> slices;
  const std::array<std::size_t, 1> itself = {index};
  for (const std::size_t i : preprocessing_.slices() > 1 ? std::span<const std::size_t>(image.neighbours) : itself) {
    held.push_back(cache_.get(dataset_.images[i].path, dataset_.kind));
    slices.push_back(held.back().get());
  }
  const Augmentation augmentation =
      options_.augment
          ? draw_augmentation(options_.strength, preprocessing_.windows.size(), options_.seed, epoch, index)
          : options_.view;
  return raw_image(preprocessing_, slices, augmentation);
}

void Loader::fill(const Slot& slot) const {
  Batch& batch = slot.pending->batch;
  const auto i = static_cast<std::size_t>(slot.index);
  const RawImage raw = raw_image_of(batch.images[i], batch.epoch);
  if (options_.raw) {
    nn::check_ct_parameters(raw.parameters, raw.slices.c());
    nn::copy_into(raw.parameters, batch.raw.parameters.batch_range(slot.index, slot.index + 1));
    batch.raw.slices[i] = slot.pending->room(slot.index, raw.slices.shape());
    nn::copy_into(raw.slices, batch.raw.slices[i]);
  } else {
    nn::ct_input(raw.slices, raw.parameters, mean_, deviation_, batch.input.batch_range(slot.index, slot.index + 1));
  }

  const ImageLabels& labels = dataset_.images[batch.images[i]].labels;
  float* target = batch.targets.row<float>(slot.index);
  float* mask = batch.mask.row<float>(slot.index);
  for (std::size_t label = 0; label < io::label_count; ++label) {
    mask[label] = labels.known[label] ? 1.0F : 0.0F;
    target[label] = labels.known[label] ? labels.value[label] : 0.0F;
  }
}

void Loader::work() {
  const nn::SerialSection serial;  // the pool of parallel_for is left to the network
  std::unique_lock lock(mutex_);
  for (;;) {
    std::optional<Slot> slot;
    work_to_do_.wait(lock, [&] { return stopping_ || (slot = take_slot()).has_value(); });
    if (stopping_) return;
    lock.unlock();
    std::exception_ptr error;
    try {
      fill(*slot);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    Pending& pending = *slot->pending;
    if (error && (!pending.error || slot->index < pending.failed_index)) {
      pending.error = error;
      pending.failed_index = slot->index;
    }
    if (++pending.done == pending.size()) batch_done_.notify_all();
  }
}

}  // namespace train

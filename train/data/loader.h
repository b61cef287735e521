// Batches for the network, made by worker threads ahead of their use.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "nn/tensor/tensor.h"
#include "train/data/augment.h"
#include "train/data/batch.h"
#include "train/data/dataset.h"
#include "train/data/preprocessing.h"
#include "train/data/slice_cache.h"

namespace train {

struct LoaderOptions {
  int batch_size = 32;
  int workers = 2;
  int prefetch = 4;          // batches that are ready or being made, at most
  bool shuffle = false;      // a new order every epoch; else the order given
  bool augment = false;      // training only: each image is changed at random
  Augmentation view{};       // of every image, if `augment` is off: test-time augmentation
  AugmentStrength strength;  // of the augmentation
  bool raw = false;          // leave the input to be made where the network runs (train/data/batch_uploader.h)
  std::uint64_t seed = 0;    // of order and augmentation
};

/// The loader's options for training and for validation or prediction.
LoaderOptions training_options(int batch_size, std::uint64_t seed);
LoaderOptions evaluation_options(int batch_size);

/// The batches of one part of a data set. What a batch holds depends on (options, epoch, step) alone: never on workers,
/// timing or where the epoch was started. Dataset and cache must outlive it.
///
///   loader.start(epoch, step);
///   while (auto batch = loader.next()) train_on(*batch);
class Loader {
 public:
  Loader(const Dataset& dataset, std::vector<std::size_t> images, Preprocessing preprocessing, LoaderOptions options,
         SliceCache& cache);
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  /// Stops the workers; what they were at is finished first.
  ~Loader();

  const Preprocessing& preprocessing() const { return preprocessing_; }
  std::int64_t images() const { return static_cast<std::int64_t>(images_.size()); }
  /// The last batch of an epoch may be smaller.
  std::int64_t steps_per_epoch() const;

  /// Begins epoch `epoch` at `first_step`; drops what was left of another.
  void start(int epoch, std::int64_t first_step = 0);
  /// The next batch, or nothing at the epoch's end. Throws what a worker met: io::FileRejected, naming the file, if it
  /// cannot be decoded any more.
  std::optional<Batch> next();
  /// Ends the epoch early.
  void stop();

 private:
  struct Pending;
  /// One image of a batch that is to be made.
  struct Slot {
    std::shared_ptr<Pending> pending;
    std::int64_t index = 0;
  };

  void check() const;
  std::vector<std::size_t> epoch_order(int epoch) const;
  std::shared_ptr<Pending> begin_batch(std::int64_t step) const;
  void begin_batches();
  std::optional<Slot> take_slot();
  RawImage raw_image_of(std::size_t index, int epoch) const;
  void fill(const Slot& slot) const;
  void work();

  const Dataset& dataset_;
  const std::vector<std::size_t> images_;
  const Preprocessing preprocessing_;
  const LoaderOptions options_;
  SliceCache& cache_;
  const nn::Tensor mean_, deviation_;  // of the input's channels

  std::vector<std::thread> workers_;  // of the epoch that runs
  std::mutex mutex_;                  // of all that follows
  std::condition_variable work_to_do_, batch_done_;
  bool stopping_ = false;
  int epoch_ = 0;
  std::vector<std::size_t> order_;                // of this epoch
  std::int64_t next_step_ = 0;                    // not begun yet
  std::deque<std::shared_ptr<Pending>> pending_;  // begun and not handed over, in order
};

}  // namespace train

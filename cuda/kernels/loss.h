// What one thread of the losses does. A loss is a few numbers per image: float64 as on the CPU, and one block where all
// of them are added up.
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/launch/block_sum.h"
#include "cuda/launch/elementwise.h"
#include "nn/functors/loss.h"

namespace cuda {

/// known[label] = sum_i mask_il: a block for each label.
struct KnownCounts : BlockSum {
  std::int64_t rows;
  Rows<const float> mask;
  double* known;

  KnownCounts(std::int64_t row_count, Rows<const float> label_mask, double* counts)
      : rows(row_count), mask(label_mask), known(counts) {}

  NN_HOST_DEVICE void load(std::uint32_t block, std::uint32_t thread, Shared& shared) const {
    double sum = 0;
    for (std::int64_t row = thread; row < rows; row += block_threads) sum += static_cast<double>(*mask.at(row, block));
    shared.values[thread] = sum;
  }
  NN_HOST_DEVICE void write(std::uint32_t block, std::uint32_t thread, const Shared& shared) const {
    if (thread == 0) known[block] = shared.values[0];
  }
};

/// What sigmoid_bce knows of its entries, forward and backward.
struct BceEntries {
  std::int64_t rows;
  std::uint32_t c;
  Rows<const float> logits, targets, mask;  // mask.data null: all known
  const float* weights;
  const double* known;  // of KnownCounts; null without a mask

  NN_HOST_DEVICE double known_count(std::uint32_t label) const {
    return known == nullptr ? static_cast<double>(rows) : known[label];
  }
  /// sum_l w_l over the labels with a known entry.
  NN_HOST_DEVICE double weight_sum() const {
    double sum = 0;
    for (std::uint32_t label = 0; label < c; ++label) {
      sum += known_count(label) > 0 ? static_cast<double>(weights[label]) : 0;
    }
    return sum;
  }
  /// What an entry counts for: w_l m_il / (sum_i m_il sum_l w_l); 0 if it is not known.
  NN_HOST_DEVICE double share(std::int64_t row, std::uint32_t label, double all_weights) const {
    const double count = known_count(label);
    if (!(count > 0) || !(all_weights > 0)) return 0;
    const double entry = mask.data == nullptr ? 1 : static_cast<double>(*mask.at(row, label));
    return static_cast<double>(weights[label]) / count / all_weights * entry;
  }
};

/// One block: thread t adds up entries t, t + block_threads, ...
struct BceForward : BlockSum {
  BceEntries entries;
  float* loss;

  BceForward(const BceEntries& all, float* sum) : entries(all), loss(sum) {}

  NN_HOST_DEVICE void load(std::uint32_t /*block*/, std::uint32_t thread, Shared& shared) const {
    const double all_weights = entries.weight_sum();
    double sum = 0;
    for (std::int64_t i = thread; i < entries.rows * entries.c; i += block_threads) {
      const std::int64_t row = i / entries.c;
      const auto label = static_cast<std::uint32_t>(i % entries.c);
      const double share = entries.share(row, label, all_weights);
      if (share == 0) continue;  // what is not known may be anything, NaN too
      sum += share * nn::functors::BinaryCrossEntropy{}(static_cast<double>(*entries.logits.at(row, label)),
                                                        static_cast<double>(*entries.targets.at(row, label)));
    }
    shared.values[thread] = sum;
  }
  NN_HOST_DEVICE void write(std::uint32_t /*block*/, std::uint32_t thread, const Shared& shared) const {
    if (thread == 0) *loss = static_cast<float>(shared.values[0]);
  }
};

/// target = value + beta * target
NN_HOST_DEVICE inline void write_gradient(float* target, double value, float beta) {
  *target = static_cast<float>(beta == 0 ? value : value + static_cast<double>(beta) * static_cast<double>(*target));
}

struct BceBackward {
  VectorGrid grid;  // of single entries
  BceEntries entries;
  const float* dloss;
  Rows<float> dlogits;
  float beta;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const double share = entries.share(place.row, place.column, entries.weight_sum());
    const double slope = share == 0 ? 0
                                    : nn::functors::BinaryCrossEntropyBackward{}(
                                          static_cast<double>(*entries.logits.at(place.row, place.column)),
                                          static_cast<double>(*entries.targets.at(place.row, place.column)));
    write_gradient(dlogits.at(place.row, place.column), static_cast<double>(*dloss) * share * slope, beta);
  }
};

/// log_sums[row] = log sum_l exp(z_l): a block for each row; NaN if its class is not in [0, c).
struct LogSumExp {
  /// The largest of some numbers, and the sum of exp(number - largest).
  struct Shared {
    double largest[block_threads], sum[block_threads];
  };

  std::uint32_t c;
  Rows<const float> logits;
  Rows<const std::int32_t> classes;
  double* log_sums;

  NN_HOST_DEVICE void load(std::uint32_t block, std::uint32_t thread, Shared& shared) const {
    double largest = -INFINITY, sum = 0;
    for (std::uint32_t l = thread; l < c; l += block_threads) {
      const auto z = static_cast<double>(*logits.at(block, l));
      add(z, 1, largest, sum);
    }
    shared.largest[thread] = largest;
    shared.sum[thread] = sum;
  }
  NN_HOST_DEVICE std::uint32_t first_step() const { return block_threads / 2; }
  NN_HOST_DEVICE void combine(std::uint32_t thread, std::uint32_t step, Shared& shared) const {
    if (thread < step) {
      add(shared.largest[thread + step], shared.sum[thread + step], shared.largest[thread], shared.sum[thread]);
    }
  }
  NN_HOST_DEVICE void write(std::uint32_t block, std::uint32_t thread, const Shared& shared) const {
    if (thread > 0) return;
    const std::int32_t k = *classes.at(block, 0);
    const bool valid = 0 <= k && static_cast<std::uint32_t>(k) < c;
    log_sums[block] = valid ? shared.largest[0] + std::log(shared.sum[0]) : static_cast<double>(NAN);
  }

 private:
  /// Adds other_sum numbers' worth of exp(other - ...) to (largest, sum).
  NN_HOST_DEVICE static void add(double other, double other_sum, double& largest, double& sum) {
    if (other_sum == 0) return;  // no numbers: their largest is no number either
    if (other > largest) {
      sum = sum == 0 ? 0 : sum * std::exp(largest - other);
      largest = other;
    }
    sum += other_sum * std::exp(other - largest);
  }
};

/// One block: the mean of log_sums[i] - z_i,class_i.
struct SoftmaxForward : BlockSum {
  std::int64_t rows;
  Rows<const float> logits;
  Rows<const std::int32_t> classes;
  const double* log_sums;
  float* loss;

  SoftmaxForward(std::int64_t row_count, Rows<const float> z, Rows<const std::int32_t> class_numbers,
                 const double* sums, float* mean)
      : rows(row_count), logits(z), classes(class_numbers), log_sums(sums), loss(mean) {}

  NN_HOST_DEVICE void load(std::uint32_t /*block*/, std::uint32_t thread, Shared& shared) const {
    double sum = 0;
    for (std::int64_t row = thread; row < rows; row += block_threads) {
      const double log_sum = log_sums[row];  // NaN: its class is no column of the logits
      sum += std::isnan(log_sum) ? log_sum : log_sum - static_cast<double>(*logits.at(row, *classes.at(row, 0)));
    }
    shared.values[thread] = sum;
  }
  NN_HOST_DEVICE void write(std::uint32_t /*block*/, std::uint32_t thread, const Shared& shared) const {
    if (thread == 0) *loss = static_cast<float>(shared.values[0] / static_cast<double>(rows));
  }
};

struct SoftmaxBackward {
  VectorGrid grid;  // of single entries
  std::int64_t rows;
  Rows<const float> logits;
  Rows<const std::int32_t> classes;
  const double* log_sums;
  const float* dloss;
  Rows<float> dlogits;
  float beta;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const double target = static_cast<std::int64_t>(place.column) == *classes.at(place.row, 0) ? 1 : 0;
    const double share = std::exp(static_cast<double>(*logits.at(place.row, place.column)) - log_sums[place.row]);
    const double upstream = static_cast<double>(*dloss) / static_cast<double>(rows);
    write_gradient(dlogits.at(place.row, place.column), upstream * (share - target), beta);
  }
};

}  // namespace cuda

// Losses are a few numbers per image: plain loops in double.
#include "nn/functors/loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "nn/cpu/loops/elementwise.h"
#include "nn/kernels/loss.h"

namespace nn {
namespace cpu {
namespace {

/// One number of a tensor, as double.
template <class T>
double at(const Tensor& tensor, std::int64_t row, std::int64_t channel) {
  return static_cast<double>(tensor.row<T>(row)[channel]);
}

/// target = value + beta * target
template <class T>
void write(T& target, double value, float beta) {
  target = static_cast<T>(beta == 0 ? value : value + static_cast<double>(beta) * static_cast<double>(target));
}

/// What one entry of each label counts for: w_l / (sum_i m_il sum_l w_l), over labels with a known entry; 0 for others.
template <class T>
std::vector<double> label_shares(const Tensor& mask, const Tensor& weights, std::int64_t rows) {
  std::vector<double> shares;
  double weight_sum = 0;
  for (std::int64_t label = 0; label < weights.c(); ++label) {
    double known = mask.defined() ? 0 : static_cast<double>(rows);
    for (std::int64_t i = 0; mask.defined() && i < rows; ++i) known += at<T>(mask, i, label);
    const double weight = known > 0 ? at<T>(weights, 0, label) : 0;
    weight_sum += weight;
    shares.push_back(known > 0 ? weight / known : 0);
  }
  for (double& share : shares) share = weight_sum > 0 ? share / weight_sum : 0;
  return shares;
}

/// body(row, label, share): for every known entry, with its share times its mask.
template <class T, class Body>
void for_each_entry(const Tensor& logits, const Tensor& mask, const Tensor& weights, const Body& body) {
  const std::vector<double> shares = label_shares<T>(mask, weights, logits.rows());
  for (std::int64_t i = 0; i < logits.rows(); ++i) {
    for (std::int64_t label = 0; label < logits.c(); ++label) {
      const double known = mask.defined() ? at<T>(mask, i, label) : 1;
      body(i, label, shares[static_cast<std::size_t>(label)] * known);
    }
  }
}

void sigmoid_bce_forward(const Tensor& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights,
                         const Tensor& loss) {
  check_sigmoid_bce(logits, targets, mask, weights, loss);
  dispatch_float("sigmoid_bce", logits, [&]<class T>() {
    double sum = 0;
    for_each_entry<T>(logits, mask, weights, [&](std::int64_t i, std::int64_t label, double share) {
      if (share == 0) return;  // what is not known may be anything, NaN too
      sum += share * functors::BinaryCrossEntropy{}(at<T>(logits, i, label), at<T>(targets, i, label));
    });
    *loss.data<T>() = static_cast<T>(sum);
  });
}

void sigmoid_bce_backward(const Tensor& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights,
                          const Tensor& dloss, const Tensor& dlogits, float beta) {
  check_sigmoid_bce(logits, targets, mask, weights, dloss);
  check_same("sigmoid_bce", logits, dlogits);
  dispatch_float("sigmoid_bce", logits, [&]<class T>() {
    const auto upstream = static_cast<double>(*dloss.data<T>());
    for_each_entry<T>(logits, mask, weights, [&](std::int64_t i, std::int64_t label, double share) {
      const double slope =
          share == 0 ? 0 : functors::BinaryCrossEntropyBackward{}(at<T>(logits, i, label), at<T>(targets, i, label));
      write(dlogits.row<T>(i)[label], upstream * share * slope, beta);
    });
  });
}

void check_classes(const Tensor& logits, const Tensor& classes, const Tensor& loss) {
  check_softmax_cross_entropy(logits, classes, loss);
  for (std::int64_t i = 0; i < classes.rows(); ++i) {
    const std::int32_t k = *classes.row<std::int32_t>(i);
    NN_CHECK(0 <= k && k < logits.c(), "[softmax_cross_entropy] class ", k, " of image ", i, " is not in [0, ",
             logits.c(), ")");
  }
}

/// log sum_l exp(z_l), without overflow.
template <class T>
double log_sum_exp(const Tensor& logits, std::int64_t row) {
  const T* z = logits.row<T>(row);
  const auto largest = static_cast<double>(*std::max_element(z, z + logits.c()));
  double sum = 0;
  for (std::int64_t l = 0; l < logits.c(); ++l) sum += std::exp(static_cast<double>(z[l]) - largest);
  return largest + std::log(sum);
}

void softmax_cross_entropy_forward(const Tensor& logits, const Tensor& classes, const Tensor& loss) {
  check_classes(logits, classes, loss);
  dispatch_float("softmax_cross_entropy", logits, [&]<class T>() {
    double sum = 0;
    for (std::int64_t i = 0; i < logits.rows(); ++i) {
      sum += log_sum_exp<T>(logits, i) - at<T>(logits, i, *classes.row<std::int32_t>(i));
    }
    *loss.data<T>() = static_cast<T>(sum / static_cast<double>(logits.rows()));
  });
}

void softmax_cross_entropy_backward(const Tensor& logits, const Tensor& classes, const Tensor& dloss,
                                    const Tensor& dlogits, float beta) {
  check_classes(logits, classes, dloss);
  check_same("softmax_cross_entropy", logits, dlogits);
  dispatch_float("softmax_cross_entropy", logits, [&]<class T>() {
    const double upstream = static_cast<double>(*dloss.data<T>()) / static_cast<double>(logits.rows());
    for (std::int64_t i = 0; i < logits.rows(); ++i) {
      const double log_sum = log_sum_exp<T>(logits, i);
      for (std::int64_t l = 0; l < logits.c(); ++l) {
        const double target = l == *classes.row<std::int32_t>(i) ? 1 : 0;
        write(dlogits.row<T>(i)[l], upstream * (std::exp(at<T>(logits, i, l) - log_sum) - target), beta);
      }
    }
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(sigmoid_bce_forward, cpu::sigmoid_bce_forward);
NN_DEFINE_KERNEL(sigmoid_bce_backward, cpu::sigmoid_bce_backward);
NN_DEFINE_KERNEL(softmax_cross_entropy_forward, cpu::softmax_cross_entropy_forward);
NN_DEFINE_KERNEL(softmax_cross_entropy_backward, cpu::softmax_cross_entropy_backward);

}  // namespace nn

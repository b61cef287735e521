#include "tests/nn/ops/textbook_batch_norm.h"

#include <cmath>
#include <vector>

#include "nn/autograd/tape.h"

namespace test {
namespace {

using nn::Tensor;
using nn::Variable;

/// One channel of all rows.
std::vector<double> column(const Tensor& x, std::int64_t channel) {
  std::vector<double> values;
  for (std::int64_t r = 0; r < x.rows(); ++r) values.push_back(x.row<double>(r)[channel]);
  return values;
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

/// (x - mean) / sqrt(variance + epsilon), and the inverse deviation.
std::vector<double> standardised(std::vector<double> x, double epsilon, double& inverse) {
  const auto m = static_cast<double>(x.size());
  const double mean = sum(x) / m;
  double squares = 0;
  for (const double value : x) squares += (value - mean) * (value - mean);
  inverse = 1 / std::sqrt(squares / m + epsilon);
  for (double& value : x) value = (value - mean) * inverse;
  return x;
}

void add_to(const Variable& v, std::int64_t row, std::int64_t channel, double value, const nn::GradTarget& target) {
  if (!v.requires_grad()) return;
  double& out = target.gradient.row<double>(row)[channel];
  out = value + (target.beta == 0 ? 0 : out);
}

void backward(const Variable& x, const Variable& gamma, const Variable& beta, const Variable& y, double epsilon) {
  const auto m = static_cast<double>(x.value().rows());
  const nn::GradTarget dx = x.gradient_target(), dgamma = gamma.gradient_target(), dbeta = beta.gradient_target();
  for (std::int64_t c = 0; c < x.c(); ++c) {
    double inverse = 0;
    const std::vector<double> xhat = standardised(column(x.value(), c), epsilon, inverse);
    const std::vector<double> dy = column(y.gradient(), c);
    double sum_product = 0;
    for (std::size_t r = 0; r < dy.size(); ++r) sum_product += dy[r] * xhat[r];
    add_to(gamma, 0, c, sum_product, dgamma);
    add_to(beta, 0, c, sum(dy), dbeta);
    const double scale = gamma.value().data<double>()[c] * inverse / m;
    for (std::size_t r = 0; r < dy.size(); ++r) {
      add_to(x, static_cast<std::int64_t>(r), c, scale * (m * dy[r] - sum(dy) - xhat[r] * sum_product), dx);
    }
  }
}

}  // namespace

Variable textbook_batch_norm(const Variable& x, const Variable& gamma, const Variable& beta, double epsilon) {
  const Variable y = Variable::output(x.shape(), {&x, &gamma, &beta});
  for (std::int64_t c = 0; c < x.c(); ++c) {
    double inverse = 0;
    const std::vector<double> xhat = standardised(column(x.value(), c), epsilon, inverse);
    for (std::size_t r = 0; r < xhat.size(); ++r) {
      y.value().row<double>(static_cast<std::int64_t>(r))[c] =
          gamma.value().data<double>()[c] * xhat[r] + beta.value().data<double>()[c];
    }
  }
  if (y.recorded()) y.tape()->record("textbook_batch_norm", [=] { backward(x, gamma, beta, y, epsilon); });
  return y;
}

}  // namespace test

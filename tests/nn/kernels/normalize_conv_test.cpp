// The gradients of a convolution of a normalised map against their definition: every geometry, both types, every SIMD
// target and algorithm, slices, beta, gradients that are not wanted, any number of threads.
#include "nn/kernels/normalize_conv.h"

#include <gtest/gtest.h>

#include "nn/core/parallel.h"
#include "tests/nn/kernels/conv_reference.h"
#include "tests/support/kernel_choices.h"

namespace nn::test {
namespace {

/// dx, dmean, dvariance, dgamma, dshift, dw.
using Gradients = std::vector<std::vector<double>>;

template <class T>
struct Problem {
  Problem(const ConvCase& problem, bool slices, bool relu, float beta_before)
      : c(problem),
        x(random_tensor<T>(c.x, 1, slices)),
        w(random_tensor<T>(c.w, 2, slices)),
        dy(random_tensor<T>(conv2d_output_shape(c.x, c.w, c.geometry), 3, slices)),
        beta(beta_before) {
    const Shape vector = vector_shape(c.x.c);
    parameters = {.mean = random_tensor<T>(vector, 4),
                  .variance = random_tensor<T>(vector, 5),
                  .gamma = random_tensor<T>(vector, 6),
                  .shift = random_tensor<T>(vector, 7),
                  .epsilon = 1e-3,
                  .relu = relu};
    for (std::int64_t k = 0; k < vector.c; ++k) parameters.variance.template data<T>()[k] += T(1.5);
    std::uint32_t purpose = 8;
    for (const Shape& shape : {c.x, vector, vector, vector, vector}) {
      targets.push_back(random_tensor<T>(shape, purpose++, slices && shape.n == c.x.n));
    }
    targets.push_back(random_tensor<T>(c.w, purpose, slices));
  }

  NormalizeGradients gradients() const {
    return {{targets[0], beta}, {targets[1], beta}, {targets[2], beta}, {targets[3], beta}, {targets[4], beta}};
  }
  Gradients values() const {
    Gradients values;
    for (const Tensor& target : targets) values.push_back(doubles(target));
    return values;
  }

  /// By the formulas of nn/kernels/batch_norm.h and the definition of the convolution.
  Gradients expected() const {
    const auto mean = doubles(parameters.mean), variance = doubles(parameters.variance);
    const auto gamma = doubles(parameters.gamma), shift = doubles(parameters.shift);
    std::vector<double> inverse = variance;
    for (double& v : inverse) v = 1 / std::sqrt(v + parameters.epsilon);
    const std::vector<double> map = doubles(x), dys = doubles(dy);
    std::vector<double> z(map.size()), dz = reference_backward_data(c, dys, doubles(w));
    Gradients result = values();
    for (auto& gradient : result) {
      for (double& value : gradient) value *= static_cast<double>(beta);
    }
    for (std::size_t i = 0; i < map.size(); ++i) {
      const std::size_t k = i % mean.size();
      const double normal = (map[i] - mean[k]) * inverse[k], value = gamma[k] * normal + shift[k];
      const bool cut_off = parameters.relu && value <= 0;
      z[i] = cut_off ? 0 : value;
      if (cut_off) dz[i] = 0;
      result[0][i] += gamma[k] * inverse[k] * dz[i];
      result[1][k] -= gamma[k] * inverse[k] * dz[i];
      result[2][k] -= gamma[k] * inverse[k] * inverse[k] * normal * dz[i] / 2;
      result[3][k] += normal * dz[i];
      result[4][k] += dz[i];
    }
    const std::vector<double> dw = reference_backward_weights(c, z, dys);
    for (std::size_t i = 0; i < dw.size(); ++i) result[5][i] += dw[i];
    return result;
  }

  ConvCase c;
  Tensor x, w, dy;
  float beta;
  NormalizeParameters parameters;
  std::vector<Tensor> targets;
};

const char* const names[] = {"dx", "dmean", "dvariance", "dgamma", "dshift", "dw"};

template <class T, class Kernel>
void check(const Problem<T>& problem, const Kernel& kernel, double tolerance) {
  const Gradients expected = problem.expected();
  kernel(problem.x, problem.parameters, problem.w, problem.dy, problem.c.geometry, problem.gradients(),
         problem.targets[5], problem.beta);
  const Gradients found = problem.values();
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_LE(relative_error(found[i], expected[i]), tolerance) << names[i];
  }
}

// Largest error over largest value, of all targets and cases, in f32: direct 9.6e-7, winograd-2x2 1.2e-6, winograd
// 6.6e-6; in f64 3.1e-15.
double tolerance(const ::test::KernelChoice& choice) {
  return choice.name.find("winograd") == std::string::npos ? 2e-6 : 1e-5;
}
constexpr double f64_tolerance = 1e-13;

TEST(NormalizeConvKernel, GivesTheGradientsOfTheDefinition) {
  ::test::for_each_kernel_choice([](const ::test::KernelChoice& choice) {
    for (const ConvCase& c : conv_cases()) {
      SCOPED_TRACE(choice.name + ", " + c.name);
      check(Problem<float>(c, true, true, 1), normalize_conv2d_backward, tolerance(choice));
      check(Problem<double>(c, true, true, 0.5), normalize_conv2d_backward, f64_tolerance);
    }
  });
}

TEST(NormalizeConvKernel, GivesThemByPartsToo) {
  for (const ConvCase& c : conv_cases()) {
    SCOPED_TRACE(c.name);
    check(Problem<double>(c, true, true, 0.5), normalize_conv2d_backward_by_parts, f64_tolerance);
  }
}

constexpr ConvCase bottleneck{"1x1", {2, 13, 11, 40}, {24, 1, 1, 40}};
constexpr ConvCase growth{"3x3", {2, 13, 11, 24}, {16, 3, 3, 24}, {.padding = {1, 1, 1, 1}}};
constexpr ConvCase half{"3x3 stride 2", {2, 13, 11, 24}, {16, 3, 3, 24}, {2, 2, {1, 1, 1, 1}}};

TEST(NormalizeConvKernel, PassesEverythingWithoutRelu) {
  for (const ConvCase& c : {bottleneck, growth, half}) {
    SCOPED_TRACE(c.name);
    check(Problem<double>(c, false, false, 1), normalize_conv2d_backward, f64_tolerance);
    check(Problem<float>(c, false, false, 1), normalize_conv2d_backward, 1e-5);
  }
}

TEST(NormalizeConvKernel, ReadsNothingThatBetaZeroOverwrites) {
  for (const ConvCase& c : {bottleneck, growth, half}) {
    SCOPED_TRACE(c.name);
    const Problem<float> problem(c, false, true, 0);
    for (const Tensor& target : problem.targets) {
      std::fill_n(target.data<float>(), target.elements(), std::numeric_limits<float>::quiet_NaN());
    }
    Problem<float> clean(c, false, true, 0);
    normalize_conv2d_backward(problem.x, problem.parameters, problem.w, problem.dy, c.geometry, problem.gradients(),
                              problem.targets[5], 0);
    const Gradients found = problem.values(), expected = clean.expected();
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_LE(relative_error(found[i], expected[i]), 1e-5) << names[i];
  }
}

TEST(NormalizeConvKernel, WritesWhatIsWantedAndNothingElse) {
  for (const ConvCase& c : {bottleneck, growth, half}) {
    SCOPED_TRACE(c.name);
    const Problem<float> all(c, true, true, 1);
    normalize_conv2d_backward(all.x, all.parameters, all.w, all.dy, c.geometry, all.gradients(), all.targets[5], 1);
    const Gradients before = Problem<float>(c, true, true, 1).values(), written = all.values();
    for (std::size_t wanted = 0; wanted < 6; ++wanted) {
      const Problem<float> one(c, true, true, 1);
      std::vector<Tensor> targets(6);
      targets[wanted] = one.targets[wanted];
      const NormalizeGradients gradients{
          {targets[0], 1}, {targets[1], 1}, {targets[2], 1}, {targets[3], 1}, {targets[4], 1}};
      normalize_conv2d_backward(one.x, one.parameters, one.w, one.dy, c.geometry, gradients, targets[5], 1);
      const Gradients found = one.values();
      for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(found[i], i == wanted ? written[i] : before[i]) << names[i];
    }
  }
}

TEST(NormalizeConvKernel, HasTheSameBitsWithAnyNumberOfThreads) {
  const int threads = thread_count();
  for (const ConvCase& c : {bottleneck, growth, half}) {
    std::vector<Gradients> found;
    for (const int count : {1, 2, 5}) {
      set_thread_count(count);
      const Problem<float> problem(c, false, true, 1);
      normalize_conv2d_backward(problem.x, problem.parameters, problem.w, problem.dy, c.geometry, problem.gradients(),
                                problem.targets[5], 1);
      found.push_back(problem.values());
    }
    EXPECT_EQ(found[0], found[1]) << c.name;
    EXPECT_EQ(found[0], found[2]) << c.name;
  }
  set_thread_count(threads);
}

}  // namespace
}  // namespace nn::test

// The suites must fail for an op that is wrong: each of these ops has one defect, and one suite is there to find it.
#include "tests/support/suites.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/autograd/tape.h"
#include "nn/ops/activation.h"

namespace {

using test::OpCase;
using test::Variables;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

enum class Defect {
  none,
  gradient_one_percent_wrong,
  forward_writes_next_pixel,
  backward_writes_next_pixel,
  reads_outside,
  always_overwrites,
  always_adds,
  imprecise,
  changes_input
};

/// y = x^2 with a plain loop of its own, dx = 2 x dy + beta dx.
template <class T>
void square_backward(const nn::Tensor& x, const nn::Tensor& dy, const nn::Tensor& dx, float beta, Defect defect) {
  if (defect == Defect::always_overwrites) beta = 0;
  if (defect == Defect::always_adds) beta = 1;
  const T factor = defect == Defect::gradient_one_percent_wrong ? T(2.02) : T(2);
  for (std::int64_t r = 0; r < x.rows(); ++r) {
    for (std::int64_t i = 0; i < x.c(); ++i) {
      T& to = dx.row<T>(r)[i];
      to = factor * x.row<T>(r)[i] * dy.row<T>(r)[i] + (beta == 0 ? T(0) : T(beta) * to);
    }
  }
  // One channel past the last: within the allocation only where dx is a slice.
  if (defect == Defect::backward_writes_next_pixel && dx.pitch() > dx.c()) dx.row<T>(0)[dx.c()] = T(1);
}

template <class T>
void square_forward(const nn::Tensor& x, const nn::Tensor& y, Defect defect) {
  for (std::int64_t r = 0; r < x.rows(); ++r) {
    for (std::int64_t i = 0; i < x.c(); ++i) y.row<T>(r)[i] = x.row<T>(r)[i] * x.row<T>(r)[i];
  }
  if (defect == Defect::forward_writes_next_pixel && y.pitch() > y.c()) y.row<T>(y.rows())[0] = T(1);
  if (defect == Defect::reads_outside && x.pitch() > x.c()) y.row<T>(0)[0] += T(0) * x.row<T>(0)[x.c()];
  if (defect == Defect::changes_input && x.pitch() > x.c()) x.row<T>(0)[0] += T(1);
  if (defect == Defect::imprecise && x.dtype() == nn::DType::f32) {
    y.row<T>(0)[0] = static_cast<T>(static_cast<float>(nn::bfloat16(static_cast<float>(y.row<T>(0)[0]))));
  }
}

void square_into(const nn::Variable& x, const nn::Variable& y, Defect defect) {
  const bool single = x.value().dtype() == nn::DType::f32;
  (single ? square_forward<float> : square_forward<double>)(x.value(), y.value(), defect);
  if (!y.recorded()) return;
  y.tape()->record("square", [x, y, defect, single] {
    const nn::GradTarget dx = x.gradient_target();
    (single ? square_backward<float> : square_backward<double>)(x.value(), y.gradient(), dx.gradient, dx.beta, defect);
  });
}

OpCase square_with(Defect defect) {
  const auto square = [defect](const Variables& in) -> Variables {
    const nn::Variable y = nn::Variable::output(in[0].shape(), {&in[0]});
    square_into(in[0], y, defect);
    return {y};
  };
  return {.name = "Square",
          .inputs = {{.shape = {2, 3, 5, 7}}},
          .function = square,
          .into = [defect](const Variables& in, const Variables& out) { square_into(in[0], out[0], defect); }};
}

TEST(Suites, PassASoundOp) {
  const OpCase sound = square_with(Defect::none);
  EXPECT_THAT(test::check_gradient(sound), IsEmpty());
  EXPECT_THAT(test::check_views(sound), IsEmpty());
  EXPECT_THAT(test::check_beta(sound), IsEmpty());
  EXPECT_THAT(test::check_precision(sound), IsEmpty());
}

TEST(Suites, GradientFindsOnePercent) {
  const std::string report = test::check_gradient(square_with(Defect::gradient_one_percent_wrong));
  EXPECT_THAT(report, HasSubstr("input 0, element 0 [0, 0, 0, 0]: analytic "));
  EXPECT_THAT(report, HasSubstr("numeric "));
  EXPECT_THAT(report, HasSubstr("relative error 0.0099"));
}

TEST(Suites, GradientPassesOverAKinkThatIsNear) {
  OpCase relu{.name = "NearItsKink",
              .inputs = {{.shape = {1, 1, 1, 3}, .values = test::listed({-3e-6, 1, 4e-6})}},
              .function = [](const Variables& in) -> Variables { return {nn::relu(in[0])}; }};
  EXPECT_THAT(test::check_gradient(relu), IsEmpty());
  relu.inputs[0].values = test::listed({0, 1, -1});
  EXPECT_THAT(test::check_gradient(relu), HasSubstr("input 0, element 0: a kink"));
}

TEST(Suites, ViewsFindsAWriteOutsideTheOutput) {
  EXPECT_THAT(test::check_views(square_with(Defect::forward_writes_next_pixel)),
              HasSubstr("output 0: wrote outside its slice, at pixel 30 of 30, channel 0 of 7"));
}

TEST(Suites, ViewsFindsAWriteOutsideTheGradient) {
  EXPECT_THAT(test::check_views(square_with(Defect::backward_writes_next_pixel)),
              HasSubstr("gradient of input 0: wrote outside its slice, at pixel 0 of 30, channel 7 of 7"));
}

TEST(Suites, ViewsFindsAReadOutsideTheSlice) {
  EXPECT_THAT(test::check_views(square_with(Defect::reads_outside)), HasSubstr("output 0: normalised error inf"));
}

TEST(Suites, ViewsFindsAChangedInput) {
  EXPECT_THAT(test::check_views(square_with(Defect::changes_input)), HasSubstr("input 0 was changed"));
}

TEST(Suites, BetaFindsAnOpThatAlwaysOverwrites) {
  EXPECT_THAT(test::check_beta(square_with(Defect::always_overwrites)), HasSubstr("input 0 with beta 1"));
}

TEST(Suites, BetaFindsAnOpThatAlwaysAdds) {
  EXPECT_THAT(test::check_beta(square_with(Defect::always_adds)), HasSubstr("input 0 with beta 0 over NaN"));
}

TEST(Suites, PrecisionFindsALossOfDigits) {
  EXPECT_THAT(test::check_precision(square_with(Defect::imprecise)), HasSubstr("output 0: normalised error"));
}

TEST(Suites, ReferenceFindsADifferentGradient) {
  OpCase wrong = square_with(Defect::gradient_one_percent_wrong);
  wrong.reference = square_with(Defect::none).function;
  EXPECT_THAT(test::check_reference(wrong), HasSubstr("gradient of input 0: normalised error"));
  EXPECT_THAT(test::check_reference(wrong), Not(HasSubstr("output")));
}

}  // namespace

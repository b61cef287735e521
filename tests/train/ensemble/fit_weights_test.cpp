// Fitted weights against a brute-force search over a grid of the simplex.
#include "train/ensemble/fit_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "nn/core/philox.h"
#include "tests/support/error_of.h"
#include "train/evaluation/metrics.h"

namespace {

using Vector = std::vector<double>;

/// Members that see the truth through noise of their own; `skill[m]` is how much of it member m sees.
struct Problem {
  std::vector<Vector> members;
  Vector labels;

  double log_loss(const Vector& weights) const {
    double sum = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      double p = 0;
      for (std::size_t m = 0; m < members.size(); ++m) p += weights[m] * members[m][i];
      sum += train::log_loss(p, labels[i]);
    }
    return sum / static_cast<double>(labels.size());
  }
};

Problem made_up(const Vector& skill, std::size_t images, std::uint64_t seed, bool soft = false) {
  nn::Random random(seed);
  Problem problem{.members = std::vector<Vector>(skill.size()), .labels = {}};
  for (std::size_t i = 0; i < images; ++i) {
    const bool positive = random.below(4) == 0;
    problem.labels.push_back(soft ? static_cast<double>(random.uniform()) : (positive ? 1.0 : 0.0));
    for (std::size_t m = 0; m < skill.size(); ++m) {
      const double logit = -1.2 + skill[m] * (positive ? 2 : -1) + 1.5 * static_cast<double>(random.normal());
      problem.members[m].push_back(1 / (1 + std::exp(-logit)));
    }
  }
  return problem;
}

/// The smallest log loss over a grid of the simplex with `steps` steps a side, and where it is.
std::pair<double, Vector> search_grid(const Problem& problem, int steps) {
  double best = 1e9;
  Vector where;
  const auto visit = [&](const Vector& weights) {
    if (const double loss = problem.log_loss(weights); loss < best) best = loss, where = weights;
  };
  const auto share = [&](int k) { return static_cast<double>(k) / steps; };
  for (int a = 0; a <= steps; ++a) {
    if (problem.members.size() == 2) visit({share(a), share(steps - a)});
    for (int b = 0; problem.members.size() == 3 && a + b <= steps; ++b)
      visit({share(a), share(b), share(steps - a - b)});
  }
  return {best, where};
}

void expect_no_worse_than_grid(const Problem& problem, int steps) {
  const train::FittedWeights fit = train::fit_weights(problem.members, problem.labels);
  const auto [loss, where] = search_grid(problem, steps);
  EXPECT_NEAR(fit.log_loss, problem.log_loss(fit.weights), 1e-12);
  EXPECT_LE(fit.log_loss, loss + train::fit_tolerance);
  EXPECT_LE(fit.gap, train::fit_tolerance);
  EXPECT_NEAR(std::accumulate(fit.weights.begin(), fit.weights.end(), 0.0), 1, 1e-12);
  for (std::size_t m = 0; m < where.size(); ++m) {
    EXPECT_GE(fit.weights[m], 0);
    EXPECT_NEAR(fit.weights[m], where[m], 2.0 / steps) << "member " << m;
  }
}

TEST(FitWeights, MatchAGridForTwoMembers) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) expect_no_worse_than_grid(made_up({1, 0.7}, 400, seed), 500);
}

TEST(FitWeights, MatchAGridForThreeMembers) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) expect_no_worse_than_grid(made_up({1, 0.8, 0.5}, 200, seed), 80);
}

TEST(FitWeights, MatchAGridForSoftLabels) { expect_no_worse_than_grid(made_up({1, 0.7}, 300, 9, true), 500); }

TEST(FitWeights, AMemberThatOnlyHarmsGetsNothing) {
  const Problem problem = made_up({1.5, -1.5}, 400, 3);
  const train::FittedWeights fit = train::fit_weights(problem.members, problem.labels);
  EXPECT_EQ(fit.weights[1], 0) << "at the border of the simplex, exactly";
  EXPECT_EQ(fit.weights[0], 1);
}

TEST(FitWeights, MembersThatSayTheSameShareEqually) {
  Problem problem = made_up({1}, 200, 4);
  problem.members.push_back(problem.members.front());
  problem.members.push_back(problem.members.front());
  const train::FittedWeights fit = train::fit_weights(problem.members, problem.labels);
  for (const double weight : fit.weights) EXPECT_DOUBLE_EQ(weight, 1.0 / 3);
}

TEST(FitWeights, ConvergeForManyAndForCertainMembers) {
  Problem many = made_up({1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 1, 0.99}, 500, 5);
  EXPECT_LE(train::fit_weights(many.members, many.labels).gap, train::fit_tolerance);
  // Wrong with certainty: clipped as the metric clips, and still solved.
  many.members[0][7] = 1 - many.labels[7];
  many.members[1][8] = 1 - many.labels[8];
  const train::FittedWeights fit = train::fit_weights(many.members, many.labels);
  EXPECT_LE(fit.gap, train::fit_tolerance);
  EXPECT_TRUE(std::isfinite(fit.log_loss));
}

TEST(FitWeights, AreTheSameEveryTime) {
  const Problem problem = made_up({1, 0.8, 0.5}, 300, 6);
  EXPECT_EQ(train::fit_weights(problem.members, problem.labels).weights,
            train::fit_weights(problem.members, problem.labels).weights);
}

TEST(FitWeights, OneMemberHasAllTheWeight) {
  const Problem problem = made_up({1}, 50, 7);
  EXPECT_EQ(train::fit_weights(problem.members, problem.labels).weights, Vector{1});
}

TEST(FitWeights, RefuseLengthsThatDiffer) {
  Problem problem = made_up({1, 1}, 50, 8);
  problem.members[1].pop_back();
  EXPECT_THAT(test::error_of([&] { train::fit_weights(problem.members, problem.labels); }),
              testing::HasSubstr("49 images of 50"));
  EXPECT_THAT(test::error_of([&] { train::fit_weights({}, problem.labels); }), testing::HasSubstr("expects members"));
}

}  // namespace

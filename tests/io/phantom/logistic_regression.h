// A logistic regression in a few lines, for tests that ask how far one gets with too little to look at.
#pragma once

#include <cstddef>
#include <vector>

namespace test {

using Features = std::vector<std::vector<double>>;  // [samples][features]

/// Probabilities for `evaluated` by a model fitted to (`fitted`, `labels`): features standardised, L2 penalty
/// `ridge` * |weights|^2 / 2 (not on the bias), Newton's method to convergence.
std::vector<double> logistic_regression(const Features& fitted, const std::vector<double>& labels,
                                        const Features& evaluated, double ridge);

/// Mean log loss, probabilities clipped at 1e-15.
double log_loss(const std::vector<double>& labels, const std::vector<double>& probabilities);

/// Area under the ROC curve: the share of pairs in the right order, ties counted half.
double area_under_curve(const std::vector<double>& labels, const std::vector<double>& scores);

}  // namespace test

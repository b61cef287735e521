// Proofs that the synthetic set is no toy: what can be had without looking at shapes is little.
// (That shuffled labels teach nothing is shown where networks are trained: tests/train/shuffled_labels_test.cpp.)
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "io/phantom/study.h"
#include "nn/core/parallel.h"
#include "nn/core/philox.h"
#include "tests/io/phantom/logistic_regression.h"

namespace io::phantom {
namespace {

constexpr std::uint64_t seed = 2024;
constexpr int patients = 210, held_out_patients = 70, slices = 14, size = 128;
constexpr std::size_t labels = 6;

/// What the three classifiers may see of one image.
struct Sample {
  std::vector<double> header, histogram, log_histogram, thumbnail;
  std::array<double, labels> truth{};
};

/// Every number of the header, and names as numbers.
std::vector<double> header_features(const DicomImage& image) {
  const HeaderStyle& style = image.style;
  const auto name = [](const std::string& id) {
    return static_cast<double>(std::stoull(id.substr(3, 8), nullptr, 16)) / 4294967296.0;
  };
  std::vector<double> out;
  for (const Point p : {image.position, image.row_direction, image.column_direction}) {
    for (const float value : {p.x, p.y, p.z}) out.push_back(static_cast<double>(value));
  }
  out.insert(out.end(), {static_cast<double>(image.pixel_mm), static_cast<double>(style.bits_stored),
                         style.is_signed ? 1.0 : 0.0, style.wrapped ? 1.0 : 0.0, static_cast<double>(style.intercept),
                         style.six_decimals ? 1.0 : 0.0, std::stod(style.window_centre), std::stod(style.window_width),
                         static_cast<double>(style.window_centre.size()), image.padded ? 1.0 : 0.0,
                         name(image.image_id), name(image.patient_id), name(image.study_uid), name(image.series_uid)});
  return out;
}

/// Where brain is: not bone, and bone in all four directions.
std::vector<bool> inside_skull(const std::vector<std::int16_t>& hu) {
  constexpr int bone = 250;
  const auto n = static_cast<std::size_t>(size);
  std::vector<bool> inside(hu.size(), true);
  const auto sweep = [&](auto index) {
    for (std::size_t line = 0; line < n; ++line) {
      bool seen = false;
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t at = index(line, i);
        seen = seen || hu[at] > bone;
        if (!seen) inside[at] = false;
      }
    }
  };
  sweep([&](std::size_t line, std::size_t i) { return line * n + i; });
  sweep([&](std::size_t line, std::size_t i) { return line * n + n - 1 - i; });
  sweep([&](std::size_t line, std::size_t i) { return i * n + line; });
  sweep([&](std::size_t line, std::size_t i) { return (n - 1 - i) * n + line; });
  for (std::size_t i = 0; i < hu.size(); ++i) inside[i] = inside[i] && hu[i] > -50 && hu[i] < bone;
  return inside;
}

/// Pixels inside the skull in bins of 4 HU from -20 to 120, and how many these are in all.
std::vector<double> histogram(const std::vector<std::int16_t>& hu) {
  constexpr int low = -20, width = 4, bins = 35;
  const std::vector<bool> inside = inside_skull(hu);
  std::vector<double> counts(bins, 0.0);
  double all = 1;
  for (std::size_t i = 0; i < hu.size(); ++i) {
    if (!inside[i]) continue;
    ++all;
    const int bin = (hu[i] - low) / width;
    if (hu[i] >= low && bin < bins) ++counts[static_cast<std::size_t>(bin)];
  }
  counts.push_back(all);
  return counts;
}

/// As shares of the whole, the whole in pixels.
std::vector<double> shares(std::vector<double> counts) {
  const double all = counts.back();
  for (double& count : counts) count /= all;
  counts.back() = all;
  return counts;
}

/// As logarithms, which shows a few dense pixels as clearly as many.
std::vector<double> logarithms(std::vector<double> counts) {
  for (double& count : counts) count = std::log1p(count);
  return counts;
}

/// The picture in the brain window 40/80, averaged over 8 x 8 fields.
std::vector<double> thumbnail_features(const std::vector<std::int16_t>& hu) {
  std::vector<double> fields(64, 0.0);
  constexpr std::size_t n = size, field = n / 8;
  for (std::size_t i = 0; i < hu.size(); ++i) {
    fields[i / n / field * 8 + i % n / field] +=
        std::clamp(static_cast<double>(hu[i]) / 80, 0.0, 1.0) / (field * field);
  }
  return fields;
}

std::vector<Sample> make_samples(int first_patient, int last_patient) {
  const NoiseTile noise(seed);
  std::vector<std::vector<Sample>> of_patient(static_cast<std::size_t>(last_patient - first_patient));
  nn::parallel_for(first_patient, last_patient, 1, [&](std::int64_t patient, std::int64_t) {
    const Study study({.seed = seed,
                       .patient = static_cast<std::uint64_t>(patient),
                       .study = 0,
                       .size = size,
                       .slices = slices,
                       .prevalence = Prevalence::teaching},
                      noise);
    for (int slice = 0; slice < slices; ++slice) {
      const MadeSlice made = study.make(slice);
      const std::vector<double> counts = histogram(made.image.hu);
      Sample sample{.header = header_features(made.image),
                    .histogram = shares(counts),
                    .log_histogram = logarithms(counts),
                    .thumbnail = thumbnail_features(made.image.hu),
                    .truth = {}};
      sample.truth[0] = made.mask.any() ? 1 : 0;
      for (int kind = 0; kind < hemorrhage_kinds; ++kind)
        sample.truth[static_cast<std::size_t>(kind) + 1] = made.mask.positive(kind) ? 1 : 0;
      of_patient[static_cast<std::size_t>(patient - first_patient)].push_back(std::move(sample));
    }
  });
  std::vector<Sample> samples;
  for (auto& own : of_patient) samples.insert(samples.end(), own.begin(), own.end());
  return samples;
}

/// Fitted on the first patients, scored on the others.
struct Parts {
  std::vector<Sample> fitted, held_out;
};

std::vector<double> truth(const std::vector<Sample>& samples, std::size_t label) {
  std::vector<double> out;
  out.reserve(samples.size());
  for (const Sample& sample : samples) out.push_back(sample.truth[label]);
  return out;
}

test::Features features(const std::vector<Sample>& samples, std::vector<double> Sample::*member) {
  test::Features out;
  for (const Sample& sample : samples) out.push_back(sample.*member);
  return out;
}

/// The challenge's weighted log loss (any counts twice) as a share of the class prior's; the best of three penalties,
/// chosen on the held-out part itself: as well as this kind of classifier can do.
double share_of_prior_loss(const Parts& parts, std::vector<double> Sample::*member) {
  const test::Features x = features(parts.fitted, member), held_out = features(parts.held_out, member);
  double best = 1e9;
  for (const double ridge : {3.0, 30.0, 300.0}) {
    double loss = 0, prior_loss = 0;
    for (std::size_t label = 0; label < labels; ++label) {
      const double weight = label == 0 ? 2 : 1;
      const std::vector<double> y = truth(parts.fitted, label), held_out_y = truth(parts.held_out, label);
      double prior = 0;
      for (const double value : y) prior += value / static_cast<double>(y.size());
      loss += weight * test::log_loss(held_out_y, test::logistic_regression(x, y, held_out, ridge));
      prior_loss += weight * test::log_loss(held_out_y, std::vector<double>(held_out_y.size(), prior));
    }
    best = std::min(best, loss / prior_loss);
  }
  return best;
}

void expect_every_label_common_enough_to_learn(const Parts& parts) {
  for (std::size_t label = 0; label < labels; ++label) {
    const std::vector<double> y = truth(parts.fitted, label);
    const double share = std::count(y.begin(), y.end(), 1.0) / static_cast<double>(y.size());
    EXPECT_GT(share, label == 0 ? 0.25 : 0.04) << label;
    EXPECT_LT(share, label == 0 ? 0.50 : 0.20) << label;
  }
}

/// The area under the curve of `any` by headers alone.
double area_by_header(const Parts& parts) {
  const auto scores = test::logistic_regression(features(parts.fitted, &Sample::header), truth(parts.fitted, 0),
                                                features(parts.held_out, &Sample::header), 30);
  return test::area_under_curve(truth(parts.held_out, 0), scores);
}

// One test, because the pictures take longer to draw than all classifiers to fit.
TEST(PhantomNoToySlow, NeitherHeadersNorHistogramsNorThumbnailsAreEnough) {
  const Parts parts{.fitted = make_samples(0, patients - held_out_patients),
                    .held_out = make_samples(patients - held_out_patients, patients)};
  expect_every_label_common_enough_to_learn(parts);
  EXPECT_GT(share_of_prior_loss(parts, &Sample::header), 0.98);  // 1.003 measured
  // Slices of one patient share their header: 70 independent cases, a standard error of some 0.06.
  EXPECT_NEAR(area_by_header(parts), 0.5, 0.12);
  EXPECT_GT(share_of_prior_loss(parts, &Sample::histogram), 0.75);      // 0.88 measured
  EXPECT_GT(share_of_prior_loss(parts, &Sample::log_histogram), 0.75);  // 0.81 measured
  EXPECT_GT(share_of_prior_loss(parts, &Sample::thumbnail), 0.75);      // 0.95 measured
}

/// A label leak in a header would be a habit of the generator: thousands of studies can be drawn without rendering any.
TEST(PhantomHeader, DoesNotKnowWhetherAStudyBleeds) {
  test::Features x, held_out;
  std::vector<double> y, held_out_y;
  for (std::uint64_t patient = 0; patient < 6000; ++patient) {
    const Patient head = draw_patient(seed, patient);
    const Site site = draw_site(seed, patient);
    const Scan scan = draw_scan(seed, patient * most_studies, site, head, 512, 24);
    const HeaderStyle style = draw_header_style(seed, patient);
    const std::vector<double> row = {static_cast<double>(scan.field_of_view),
                                     static_cast<double>(scan.spacing_mm),
                                     static_cast<double>(site.gantry_tilt),
                                     static_cast<double>(site.noise_hu),
                                     static_cast<double>(scan.table_origin.z),
                                     static_cast<double>(head.size.x),
                                     static_cast<double>(style.bits_stored),
                                     style.is_signed ? 1.0 : 0.0,
                                     style.six_decimals ? 1.0 : 0.0,
                                     static_cast<double>(head.details.size()),
                                     site.padded ? 1.0 : 0.0,
                                     static_cast<double>(head.atrophy)};
    const double bleeds = draw_hemorrhages(seed, patient * most_studies, head, Prevalence::teaching).empty() ? 0 : 1;
    (patient % 2 == 0 ? x : held_out).push_back(row);
    (patient % 2 == 0 ? y : held_out_y).push_back(bleeds);
  }
  // The standard error of the area over 2250 x 750 pairs is 0.012.
  EXPECT_NEAR(test::area_under_curve(held_out_y, test::logistic_regression(x, y, held_out, 1)), 0.5, 0.04);
}

TEST(LogisticRegression, FindsAWeightThatIsThere) {
  test::Features x;
  std::vector<double> y;
  nn::Random random(1);
  for (int i = 0; i < 4000; ++i) {
    const double value = static_cast<double>(random.normal());
    x.push_back({value, static_cast<double>(random.normal())});
    y.push_back(static_cast<double>(random.uniform()) < 1 / (1 + std::exp(-2 * value)) ? 1 : 0);
  }
  const std::vector<double> p = test::logistic_regression(x, y, {{0, 0}, {1, 0}, {1, 1}}, 1e-3);
  EXPECT_NEAR(p[0], 0.5, 0.03);
  EXPECT_NEAR(p[1], 1 / (1 + std::exp(-2.0)), 0.03);
  EXPECT_NEAR(p[2], p[1], 0.03);
  EXPECT_NEAR(test::area_under_curve({1, 0, 1, 0}, {0.9, 0.1, 0.4, 0.4}), 0.875, 1e-12);
}

}  // namespace
}  // namespace io::phantom

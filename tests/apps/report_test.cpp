// The report pages, from made-up data: complete, self-contained, and safe against what stands in headers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "apps/report/chart.h"
#include "apps/report/evaluation_report.h"
#include "apps/report/html.h"
#include "apps/report/run_report.h"
#include "apps/report/score_sections.h"
#include "apps/report/study_report.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++found;
  return found;
}

/// Every tag is closed in order: a small check that finds forgotten and crossed tags.
std::string first_unbalanced_tag(const std::string& html) {
  static const std::regex tag("<(/?)([a-z0-9]+)[^>]*?(/?)>");
  std::vector<std::string> open;
  for (std::sregex_iterator match(html.begin(), html.end(), tag), end; match != end; ++match) {
    const std::string name = (*match)[2];
    if (name == "meta" || name == "img" || (*match)[3] == "/") continue;
    if ((*match)[1] != "/") {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + ">";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + ">";
}

void expect_sound_page(const std::string& html) {
  EXPECT_EQ(html.rfind("<!doctype html>", 0), 0U);
  EXPECT_EQ(first_unbalanced_tag(html), "");
  EXPECT_THAT(html, HasSubstr("research software, not a medical device"));
  EXPECT_THAT(html, Not(HasSubstr("http"))) << "nothing is loaded from elsewhere";
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr(">nan")));
  EXPECT_THAT(html, Not(HasSubstr("\"nan")));
}

const std::string hostile = "<script>alert('x')</script>\"&";

struct Scored {
  std::vector<train::Probabilities> predictions;
  std::vector<train::ImageLabels> labels;
};

Scored made_up_scores(int images) {
  std::mt19937 random(1);
  Scored scored;
  for (int i = 0; i < images; ++i) {
    train::ImageLabels labels;
    train::Probabilities probability;
    for (std::size_t j = 0; j < io::label_count; ++j) {
      labels.known[j] = true;
      labels.value[j] = random() % 4 == 0 ? 1 : 0;
      probability[j] = (static_cast<double>(random() % 100) + 40 * labels.value[j]) / 140;
    }
    scored.predictions.push_back(probability);
    scored.labels.push_back(labels);
  }
  return scored;
}

apps::RunReport made_up_run() {
  apps::RunReport report{.title = "run " + hostile, .subtitle = hostile};
  for (int epoch = 1; epoch <= 5; ++epoch) {
    train::HistoryRow row{.epoch = epoch, .train_loss = 0.5 / epoch, .validation_loss = 0.6 / epoch};
    row.weighted_log_loss = 0.55 / epoch;
    row.class_prior = 0.4;
    for (auto& auc : row.auc) auc = 0.5 + 0.08 * epoch;
    row.auc[1] = std::nullopt;
    report.history.push_back(row);
  }
  report.history[2].train_loss = std::nan("");
  report.best_epoch = 4;
  const Scored scored = made_up_scores(60);
  report.predictions = scored.predictions;
  report.labels = scored.labels;
  report.class_prior = train::prevalence(scored.labels);
  report.samples = {
      {.png = "\x89PNG", .caption = hostile, .probability = scored.predictions[0], .labels = scored.labels[0]}};
  report.samples[0].labels.known[2] = false;
  report.configuration = {{"model", "cnn"}, {"window", hostile}};
  report.warnings = {hostile};
  return report;
}

TEST(RunReport, ShowsEverythingOfTheRun) {
  const std::string html = apps::run_report_html(made_up_run());
  expect_sound_page(html);
  for (const char* heading : {"Learning", "Scores", "ROC curves", "Calibration", "Sample slices", "Configuration"}) {
    EXPECT_THAT(html, HasSubstr("<h2>" + std::string(heading) + "</h2>"));
  }
  EXPECT_EQ(count(html, "aria-label=\"ROC curve of"), 6U);
  EXPECT_EQ(count(html, "aria-label=\"Calibration of"), 6U);
  EXPECT_THAT(html, HasSubstr("data:image/png;base64,iVBORw=="));
  EXPECT_THAT(html, HasSubstr("<dt>model</dt><dd>cnn</dd>"));
  EXPECT_THAT(html, HasSubstr("truth: not known"));
  const std::string loss =
      apps::format_fixed(train::score(made_up_run().predictions, made_up_run().labels).weighted_log_loss, 4);
  EXPECT_THAT(html, HasSubstr("<span>weighted log loss</span><strong>" + loss + "</strong>"));
}

TEST(RunReport, IsASoundPageBeforeAnythingHappened) {
  expect_sound_page(apps::run_report_html({.title = "empty"}));
  apps::RunReport one_epoch = made_up_run();
  one_epoch.history.resize(1);
  expect_sound_page(apps::run_report_html(one_epoch));
  apps::RunReport diverged = made_up_run();
  for (auto& row : diverged.history) row.train_loss = row.validation_loss = row.weighted_log_loss = std::nan("");
  expect_sound_page(apps::run_report_html(diverged));
}

apps::StudyReport made_up_studies(std::size_t studies, std::size_t slices) {
  apps::StudyReport report{.title = "studies", .model = hostile};
  for (std::size_t s = 0; s < studies; ++s) {
    apps::ReportSeries series{.series = hostile, .flags = {hostile}};
    for (std::size_t i = 0; i < slices; ++i) {
      apps::ReportSlice slice{.image = hostile, .file = "f", .position_mm = 5.0 * static_cast<double>(i) - 20};
      slice.probability[0] = 1 / (1.0 + std::fabs(static_cast<double>(i) - 10));
      series.slices.push_back(slice);
    }
    for (const std::size_t i : apps::slices_that_matter(series)) series.slices[i].png = "png";
    report.studies.push_back(
        {.study = hostile, .patient = "0123456789abcdef", .probability = {0.9}, .series = {series}});
  }
  return report;
}

TEST(StudyReport, ShowsEveryStudyWithTheSlicesThatMatter) {
  const std::string html = apps::study_report_html(made_up_studies(14, 28));
  expect_sound_page(html);
  EXPECT_EQ(count(html, "<details class=\"card study\""), 14U);
  EXPECT_EQ(count(html, " open>"), 12U) << "many studies are folded up";
  EXPECT_EQ(count(html, "<figure>"), 14U * 4);
  EXPECT_EQ(count(html, "<rect "), 14U * 28 * 6) << "every slice in the strip, for six labels";
  EXPECT_THAT(html, HasSubstr("href=\"#study-14\""));
  EXPECT_THAT(html, HasSubstr("−20.0"));
}

TEST(StudyReport, ShowsTheMembersOfAnEnsembleSideBySide) {
  apps::StudyReport report = made_up_studies(2, 5);
  EXPECT_THAT(apps::study_report_html(report), Not(HasSubstr("<th>member</th>"))) << "one model has none";
  report.studies[0].members = {{.name = hostile, .probability = {0.125}}, {.name = "vgg", .probability = {0.875}}};
  report.studies[0].disagreement = 0.75;
  report.studies[0].disputed_image = hostile;
  const std::string html = apps::study_report_html(report);
  expect_sound_page(html);
  EXPECT_EQ(count(html, "<th>member</th>"), 1U);
  EXPECT_THAT(html, HasSubstr("<tr><td>vgg</td><td>0.875</td>"));
  EXPECT_THAT(html, HasSubstr("<td>together</td><td>0.900</td>"));
  EXPECT_THAT(html, HasSubstr("furthest apart, by 0.750"));
}

TEST(StudyReport, IsASoundPageForNothingAndForOnePicture) {
  expect_sound_page(apps::study_report_html({.title = "empty"}));
  apps::StudyReport single = made_up_studies(1, 1);
  single.studies[0].series[0].slices[0].position_mm = std::nan("");
  expect_sound_page(apps::study_report_html(single));
  EXPECT_THAT(apps::study_report_html(single), Not(HasSubstr("<h2>Studies</h2>"))) << "one study needs no overview";
}

TEST(StudyReport, OneIsNotManyAndWhySkippedFilesWereIsSaid) {
  apps::StudyReport report = made_up_studies(1, 1);
  report.skipped_files = 3;
  report.skipped_reasons = "2 duplicate, 1 not dicom";
  const std::string html = apps::study_report_html(report);
  EXPECT_THAT(html, HasSubstr("1 slice in 1 series"));
  EXPECT_THAT(html, HasSubstr("<small>2 duplicate, 1 not dicom</small>"));
  EXPECT_THAT(html, HasSubstr("--slices:1")) << "the strip of one slice is narrow";
  EXPECT_THAT(apps::study_report_html(made_up_studies(1, 2)), HasSubstr("2 slices in 1 series"));
}

TEST(StudyReport, PicturesSpreadOverTheSeries) {
  const auto slices = [](std::size_t n) { return made_up_studies(1, n).studies[0].series[0]; };
  EXPECT_THAT(apps::slices_that_matter(slices(28), 3), ElementsAre(7, 10, 13)) << "the best, and not its neighbours";
  EXPECT_THAT(apps::slices_that_matter(slices(3), 4), ElementsAre(0, 1, 2)) << "neighbours if nothing else is left";
  EXPECT_THAT(apps::slices_that_matter({}, 4), ElementsAre());
}

TEST(EvaluationReport, SaysWhereTheClassPriorComesFrom) {
  const Scored scored = made_up_scores(40);
  train::Evaluation evaluation;
  evaluation.predictions = scored.predictions;
  evaluation.labels = scored.labels;
  evaluation.prior = train::prevalence(scored.labels);
  evaluation.scores = train::score(scored.predictions, scored.labels);
  evaluation.baseline = train::score_class_prior(evaluation.prior, scored.labels);
  evaluation.prior_is_of_evaluated = true;
  evaluation.without_prediction = 1234;
  const std::string html = apps::evaluation_report_html(hostile, evaluation);
  expect_sound_page(html);
  EXPECT_THAT(html, HasSubstr("No training prevalence was given"));
  EXPECT_THAT(html, HasSubstr("1\u202f234 labelled images have no prediction"));
  evaluation.prior_is_of_evaluated = false;
  EXPECT_THAT(apps::evaluation_report_html("x", evaluation), HasSubstr("found in the training part"));
}

TEST(EvaluationReport, WorseThanTheClassPriorIsABarFromTheOtherSide) {
  train::Scores better, worse;
  for (auto& label : better.label) label.log_loss = 0.2;
  for (auto& label : worse.label) label.log_loss = 0.25;
  better.weighted_log_loss = better.mean_log_loss = 0.2;
  worse.weighted_log_loss = worse.mean_log_loss = 0.25;
  EXPECT_THAT(apps::score_section(worse, better, ""),
              HasSubstr("<span class=\"gain worse\">+25\u202f%<i><b style=\"width:25%\">"));
  EXPECT_THAT(apps::score_section(better, worse, ""),
              HasSubstr("<span class=\"gain\">−20\u202f%<i><b style=\"width:20%\">"));
}

TEST(EvaluationReport, ShowsAnEnsembleBesideItsMembers) {
  const Scored scored = made_up_scores(40);
  train::Evaluation evaluation;
  evaluation.predictions = scored.predictions;
  evaluation.labels = scored.labels;
  evaluation.scores = evaluation.baseline = train::score(scored.predictions, scored.labels);
  EXPECT_THAT(apps::evaluation_report_html("x", evaluation), Not(HasSubstr("<h2>Members</h2>")));
  evaluation.members.members = {{.name = hostile, .scores = evaluation.scores},
                                {.name = "vgg", .scores = evaluation.scores, .validation_score = 0.25}};
  evaluation.members.comparison = {
      .member = "vgg", .interval = {-0.02, -0.03, 0.01, 7}, .bootstrap = {}, .drawn = "patients"};
  const std::string html = apps::evaluation_report_html("x", evaluation);
  expect_sound_page(html);
  EXPECT_THAT(html, HasSubstr("<h2>Members</h2>"));
  EXPECT_THAT(html, HasSubstr("<td>0.2500</td></tr>"));
  EXPECT_THAT(
      html, HasSubstr("Ensemble minus vgg, the best member on validation: -0.0200\n(95% interval -0.0300 to +0.0100"));
}

TEST(Html, EscapesAndEmbeds) {
  EXPECT_EQ(apps::escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
  // The vectors of RFC 4648, section 10.
  EXPECT_EQ(apps::base64(""), "");
  EXPECT_EQ(apps::base64("f"), "Zg==");
  EXPECT_EQ(apps::base64("fo"), "Zm8=");
  EXPECT_EQ(apps::base64("foo"), "Zm9v");
  EXPECT_EQ(apps::base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(apps::base64("\xff\xfe"), "//4=");
  EXPECT_EQ(apps::embedded_png("", "nothing"), "");
}

TEST(Html, FormatsNumbersForReading) {
  EXPECT_EQ(apps::format_count(0), "0");
  EXPECT_EQ(apps::format_count(999), "999");
  EXPECT_EQ(apps::format_count(4516842), "4\u202f516\u202f842");
  EXPECT_EQ(apps::format_count(-123456), "-123\u202f456");
  EXPECT_EQ(apps::format_fixed(0.12345, 3), "0.123");
  EXPECT_EQ(apps::format_fixed(std::nan(""), 3), "–");
  EXPECT_EQ(apps::format_fixed(std::optional<double>(), 3), "–");
  EXPECT_EQ(apps::relative_change(0.1, 0.2), "−50\u202f%");
  EXPECT_EQ(apps::relative_change(0.3, 0.2), "+50\u202f%");
  EXPECT_EQ(apps::relative_change(0.3, 0), "");
}

TEST(Chart, TicksAreRoundAndCoverTheRange) {
  EXPECT_THAT(apps::round_ticks(0, 1, 5),
              testing::Pointwise(testing::DoubleNear(1e-12), std::vector<double>{0, 0.2, 0.4, 0.6, 0.8, 1}));
  EXPECT_THAT(apps::round_ticks(0, 0.33, 4),
              testing::Pointwise(testing::DoubleNear(1e-12), std::vector<double>{0, 0.1, 0.2, 0.3, 0.4}));
  for (const double high : {1e-6, 0.07, 0.999, 1.0, 3.7, 12345.0}) {
    const auto ticks = apps::round_ticks(0, high, 5);
    EXPECT_EQ(ticks.front(), 0);
    EXPECT_GE(ticks.back(), high * (1 - 1e-9));
    EXPECT_GE(ticks.size(), 3U);
    EXPECT_LE(ticks.size(), 8U);
  }
  EXPECT_GE(apps::round_ticks(0, 0, 5).size(), 2U) << "an empty range too";
}

TEST(Scores, ARelativeChangeNeedsABaseline) {
  EXPECT_EQ(apps::relative_change(0.1, 0.2), "−50\u202f%");
  EXPECT_EQ(apps::relative_change(0.3, 0.2), "+50\u202f%");
  EXPECT_EQ(apps::relative_change(0.1, 1e-15), "") << "all labels of one class";
  EXPECT_EQ(apps::relative_change(std::nan(""), 0.2), "");
}

TEST(Chart, SmallNumbersOnAnAxisAreToldApart) {
  const std::string svg =
      apps::line_chart({.lines = {{.label = "rate", .colour = "red", .points = {{1, 2e-5}, {2, 1e-5}}}}});
  for (const char* tick : {">0</text>", ">5e-06</text>", ">1e-05</text>", ">1.5e-05</text>", ">2e-05</text>"}) {
    EXPECT_THAT(svg, HasSubstr(tick));
  }
}

TEST(Chart, AValueThatIsNotKnownInterruptsTheLine) {
  const double unknown = std::nan("");
  const std::string svg = apps::line_chart(
      {.lines = {{.label = "x", .colour = "red", .points = {{1, 1}, {2, 2}, {3, unknown}, {4, 1}, {5, 2}}}}});
  const std::string path = svg.substr(svg.find(" d=\""));
  EXPECT_EQ(count(path.substr(0, path.find("/>")), "M"), 2U);
  EXPECT_THAT(apps::line_chart({.lines = {{.label = "x", .colour = "red", .points = {{1, unknown}}}}}),
              HasSubstr("No values"));
}

TEST(Chart, ALongRocCurveIsDrawnWithFewPoints) {
  std::vector<train::LabelledProbability> pairs;
  std::mt19937 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const double y = random() % 2;
    pairs.push_back({(static_cast<double>(random()) / 4294967296.0 + 0.3 * y) / 1.3, y});
  }
  const auto curve = train::roc_curve(pairs);
  EXPECT_GT(curve.size(), 50'000U);
  EXPECT_LT(apps::roc_chart(curve, "red", "x").size(), 20'000U);
}

}  // namespace

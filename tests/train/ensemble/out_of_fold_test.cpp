// From run directories to out-of-fold predictions: what is put together, and what is refused.
#include "train/ensemble/out_of_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/ensemble/made_up_run.h"

namespace {

using test::MadeUpRun;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class OutOfFoldTest : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return directory_ / name; }

  /// A run with hold-out validation.
  static MadeUpRun run_of(const std::string& model) {
    MadeUpRun run;
    run.config.model = model;
    return run;
  }
  static MadeUpRun fold_of(const std::string& model, int fold, int folds = 3) {
    MadeUpRun run = run_of(model);
    run.config.folds = run.folds = folds;
    run.config.fold = fold;
    return run;
  }
  void write(const std::string& name, const MadeUpRun& run) const { test::write_made_up_run(path(name), run); }

  std::vector<train::Recipe> recipes(const std::vector<std::string>& names) const {
    std::vector<train::FinishedRun> runs;
    runs.reserve(names.size());
    for (const std::string& name : names) runs.push_back(train::read_finished_run(path(name)));
    return train::group_by_recipe(std::move(runs));
  }
  train::OutOfFold join(const std::vector<std::string>& names) const { return train::join_out_of_fold(recipes(names)); }
  std::string error_of_joining(const std::vector<std::string>& names) const {
    std::string error = test::error_of([&] { join(names); });
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    return error;
  }
  static std::vector<std::string> names(const std::vector<train::Recipe>& recipes) {
    std::vector<std::string> list;
    list.reserve(recipes.size());
    for (const train::Recipe& recipe : recipes) list.push_back(recipe.name);
    return list;
  }

  test::TemporaryDirectory directory_;
};

TEST_F(OutOfFoldTest, RunsOfOneSplitAreJoinedByImage) {
  write("a", run_of("cnn"));
  MadeUpRun other = run_of("cnn-2019");
  other.seed = 2;
  write("b", other);
  const train::OutOfFold data = join({"a", "b"});
  EXPECT_EQ(data.images.size(), 15U) << "three of six patients";
  ASSERT_EQ(data.by_member.size(), 2U);
  const train::Prediction expected = test::made_up_prediction(other, 2, 1);
  const auto at =
      static_cast<std::size_t>(std::find(data.images.begin(), data.images.end(), "image2-1") - data.images.begin());
  for (std::size_t i = 0; i < io::label_count; ++i) {
    EXPECT_NEAR(data.by_member[1][at].p[i], expected.probability[i], 1e-8);
  }
  EXPECT_EQ(data.patients[at], "patient2");
}

TEST_F(OutOfFoldTest, FoldsOfOneRecipeAreOneMemberOverAllImages) {
  for (int fold = 0; fold < 3; ++fold) {
    write("cnn-" + std::to_string(fold), fold_of("cnn", fold));
    write("old/fold" + std::to_string(fold), fold_of("cnn-2019", fold));
  }
  const std::vector<std::string> all = {"cnn-1", "old/fold2", "cnn-0", "old/fold0", "cnn-2", "old/fold1"};
  EXPECT_THAT(names(recipes(all)), ElementsAre("cnn", "old"));
  EXPECT_EQ(recipes(all)[0].runs[2].fold(), 2) << "by fold";
  EXPECT_EQ(join(all).images.size(), 30U) << "every image";
}

TEST_F(OutOfFoldTest, ANetworksNumberStaysInTheMembersName) {
  std::vector<std::string> all;
  for (int fold = 0; fold < 2; ++fold) {
    for (const char* name : {"densenet121", "densenet169"}) {
      all.push_back(nn::message(name, "-", fold));
      MadeUpRun run = run_of(name);
      run.config.fold = fold;
      write(all.back(), run);
    }
  }
  EXPECT_THAT(names(recipes(all)), ElementsAre("densenet121", "densenet169"));
}

TEST_F(OutOfFoldTest, ThreadsAndCheckpointsMakeNoOtherRecipe) {
  for (int fold = 0; fold < 3; ++fold) {
    MadeUpRun run = fold_of("cnn", fold);
    run.config.threads = fold;
    run.config.checkpoint_minutes = fold;
    run.config.recompute = fold == 0;
    write("cnn-" + std::to_string(fold), run);
  }
  EXPECT_EQ(recipes({"cnn-0", "cnn-1", "cnn-2"}).size(), 1U);
  MadeUpRun other = fold_of("cnn", 2);
  other.config.size = 64;
  write("cnn-2", other);
  EXPECT_THAT(error_of_joining({"cnn-0", "cnn-1", "cnn-2"}), HasSubstr("fold 2 is missing"));
}

TEST_F(OutOfFoldTest, IncompleteAndOverlappingFoldsAreRefused) {
  for (int fold = 0; fold < 3; ++fold) write("cnn-" + std::to_string(fold), fold_of("cnn", fold));
  EXPECT_THAT(error_of_joining({"cnn-0", "cnn-2"}),
              AllOf(HasSubstr("member cnn has 2 of the 3 folds"), HasSubstr("fold 1 is missing")));
  write("again", fold_of("cnn", 1));
  EXPECT_THAT(error_of_joining({"cnn-0", "cnn-1", "cnn-2", "again"}), HasSubstr("the same recipe"));
  MadeUpRun shifted = fold_of("cnn", 2);
  shifted.split_shift = 1;
  write("shifted", shifted);
  EXPECT_THAT(error_of_joining({"cnn-0", "cnn-1", "shifted"}), HasSubstr("their split.csv differ"));
}

TEST_F(OutOfFoldTest, ImagesThatAMemberWasTrainedOnAreRefused) {
  write("a", run_of("cnn"));
  MadeUpRun other = run_of("cnn-2019");
  other.split_shift = 1;
  write("b", other);
  EXPECT_THAT(error_of_joining({"a", "b"}),
              AllOf(HasSubstr("image image0-0 cannot be used for fitting"), HasSubstr("was trained on its patient"),
                    HasSubstr("--split " + path("a/split.csv").string() + " --fold 0")));
  // Folds against a hold-out part: most of what the folds predict, the other was trained on.
  for (int fold = 0; fold < 3; ++fold) write("cnn-" + std::to_string(fold), fold_of("cnn", fold));
  EXPECT_THAT(error_of_joining({"cnn-0", "cnn-1", "cnn-2", "b"}), HasSubstr("cannot be used for fitting"));
}

TEST_F(OutOfFoldTest, PredictionsOfTrainingPatientsAreRefusedWhateverTheFileSays) {
  write("a", run_of("cnn"));
  MadeUpRun other = run_of("cnn");
  other.split_shift = 1;
  write("b", other);
  const auto overwrite = [&](const char* file) {
    std::filesystem::copy_file(path("b") / file, path("a") / file, std::filesystem::copy_options::overwrite_existing);
  };
  const auto error = [&] { return test::error_of([&] { train::read_finished_run(path("a")); }); };
  overwrite("predictions.csv");
  EXPECT_THAT(error(), AllOf(HasSubstr("on whom this network was trained"), HasSubstr("fold 1 in split.csv")));
  overwrite("split.csv");
  EXPECT_THAT(error(), HasSubstr("is not the split"));
}

TEST_F(OutOfFoldTest, PredictionsOfAnotherModelAreRefused) {
  write("a", run_of("cnn"));
  MadeUpRun other = run_of("cnn");
  other.seed = 7;
  write("b", other);
  std::filesystem::copy_file(path("b/predictions.csv"), path("a/predictions.csv"),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(test::error_of([&] { train::read_finished_run(path("a")); }),
              AllOf(HasSubstr("is not of model.safetensors"), HasSubstr("the model file says")));
}

TEST_F(OutOfFoldTest, HalfDeletedRunsAreNamedWithTheMissingFile) {
  for (const char* file : {"config.json", "model.safetensors", "split.csv", "predictions.csv"}) {
    write("a", run_of("cnn"));
    std::filesystem::remove(path("a") / file);
    EXPECT_EQ(test::error_of([&] { train::read_finished_run(path("a")); }),
              path("a").string() + " is no finished run: " + file + " is missing; train it again");
  }
  EXPECT_THAT(test::error_of([&] { train::read_finished_run(path("none")); }), HasSubstr("no such run directory"));
  write("a", run_of("cnn"));
  std::filesystem::remove(path("a") / "report.html");
  EXPECT_THAT(test::error_of([&] { train::read_finished_run(path("a")); }), HasSubstr("falx train --resume"))
      << "interrupted, not damaged";
}

TEST_F(OutOfFoldTest, RunsWithOtherLabelsAreRefused) {
  write("a", run_of("cnn"));
  MadeUpRun other = run_of("cnn-2019");
  other.change = [](train::Prediction& row) {
    if (row.image == "image2-1") row.labels->value[4] = 1;
  };
  write("b", other);
  EXPECT_THAT(error_of_joining({"a", "b"}),
              HasSubstr("runs with other labels: subarachnoid of image image2-1 is 0 in"));
  other.change = [](train::Prediction& row) { row.labels->known[3] = row.image != "image2-1"; };
  write("b", other);
  EXPECT_THAT(error_of_joining({"a", "b"}), HasSubstr("intraventricular of image image2-1 is 0 in"));
}

TEST_F(OutOfFoldTest, RunsOfOtherDataAreRefused) {
  write("a", run_of("cnn"));
  MadeUpRun other = run_of("cnn-2019");
  other.data = "other";
  write("b", other);
  EXPECT_THAT(error_of_joining({"a", "b"}), AllOf(HasSubstr("runs of other data"), HasSubstr("training-data hash")));
  other = run_of("cnn-2019");
  other.change = [](train::Prediction& row) { row.image = "other-" + row.image; };
  write("b", other);
  EXPECT_THAT(error_of_joining({"a", "b"}),
              AllOf(HasSubstr("runs of other data"), HasSubstr("predicts image image0-0")));
}

TEST_F(OutOfFoldTest, MembersOfOneNameAreRefused) {
  write("x/run", run_of("cnn"));
  write("y/run", run_of("cnn-2019"));
  EXPECT_THAT(error_of_joining({"x/run", "y/run"}), HasSubstr("two members would be called run"));
}

TEST_F(OutOfFoldTest, FittedWeightsBeatEveryMemberAndTheMean) {
  for (int fold = 0; fold < 3; ++fold) {
    MadeUpRun good = fold_of("cnn", fold), bad = fold_of("cnn-2019", fold);
    bad.skill = 0.93;  // a little worse, and still worth some weight
    bad.seed = 2;
    write("good-" + std::to_string(fold), good);
    write("bad-" + std::to_string(fold), bad);
  }
  const train::OutOfFold data = join({"good-0", "good-1", "good-2", "bad-0", "bad-1", "bad-2"});
  const std::vector<train::Probabilities> weights = train::fit_weights(data);
  EXPECT_GT(weights[0][0], 0.5) << "the better member of `any`";
  EXPECT_EQ(weights[0][1], 0.5) << "no image has epidural: nothing to fit";
  const train::OutOfFoldScores scores = train::score_rules(data, weights);
  for (const std::size_t label : {0, 5}) {
    const auto loss = [label](const train::Scores& s) { return *s.label[label].log_loss; };
    EXPECT_LE(loss(scores.fitted), loss(scores.members[0]) + 1e-9);
    EXPECT_LE(loss(scores.fitted), loss(scores.members[1]) + 1e-9);
    EXPECT_LE(loss(scores.fitted), loss(scores.mean) + 1e-9);
    EXPECT_NE(loss(scores.fitted), loss(scores.cross_fitted));
  }
}

TEST(BestRule, FittedWeightsCountByTheirCrossFittedScore) {
  const auto best = [](double mean, double logit_mean, double fitted, double cross_fitted) {
    train::OutOfFoldScores scores;
    scores.mean.weighted_log_loss = mean;
    scores.logit_mean.weighted_log_loss = logit_mean;
    scores.fitted.weighted_log_loss = fitted;
    scores.cross_fitted.weighted_log_loss = cross_fitted;
    return train::best_rule(scores);
  };
  EXPECT_EQ(best(0.3, 0.31, 0.2, 0.4), train::EnsembleRule::mean) << "overfitted";
  EXPECT_EQ(best(0.3, 0.28, 0.2, 0.29), train::EnsembleRule::logit_mean);
  EXPECT_EQ(best(0.3, 0.28, 0.2, 0.25), train::EnsembleRule::fitted);
  EXPECT_EQ(best(0.3, 0.3, 0.3, 0.3), train::EnsembleRule::mean) << "the simplest of equals";
  const double nan = std::nan("");
  EXPECT_EQ(best(nan, nan, nan, nan), train::EnsembleRule::mean);
}

}  // namespace

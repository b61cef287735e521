// How the answers of members become one.
#include "train/ensemble/ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/tiny_network.h"

namespace {

using testing::HasSubstr;
using train::Belief;
using train::EnsembleRule;
using train::Probabilities;

Belief belief_of(double logit) { return train::belief_of_logits({logit, 0, 0, 0, 0, -logit}); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(Belief, KeepsLargeLogits) {
  for (const double x : {-600.0, -40.0, -3.0, 0.0, 1e-9, 3.0, 40.0, 600.0}) {
    EXPECT_NEAR(belief_of(x).logit()[0], x, 1e-15 + 1e-15 * std::abs(x));
    EXPECT_NEAR(belief_of(x).p[0], sigmoid(x), 1e-15);
  }
  EXPECT_TRUE(std::isfinite(belief_of(1e30).logit()[0])) << "a table takes no infinity";
}

TEST(Combine, TheMeanIsOfProbabilities) {
  const std::vector<Belief> members = {belief_of(2), belief_of(-1), belief_of(0.5)};
  const Belief whole = train::combine(EnsembleRule::mean, members, {});
  EXPECT_NEAR(whole.p[0], (sigmoid(2) + sigmoid(-1) + sigmoid(0.5)) / 3, 1e-15);
  EXPECT_NEAR(whole.p[5], 1 - whole.p[0], 1e-15);
  EXPECT_NEAR(whole.logit()[0], std::log(whole.p[0] / (1 - whole.p[0])), 1e-14);
}

TEST(Combine, TheLogitMeanIsTheProbabilityOfTheMeanLogit) {
  const std::vector<Belief> members = {belief_of(2), belief_of(-1), belief_of(0.5)};
  EXPECT_NEAR(train::combine(EnsembleRule::logit_mean, members, {}).p[0], sigmoid(0.5), 1e-15);
}

TEST(Combine, FittedWeightsArePerLabel) {
  const std::vector<Belief> members = {belief_of(2), belief_of(-1)};
  const std::vector<Probabilities> weights = {{0.75, 1, 1, 1, 1, 0}, {0.25, 0, 0, 0, 0, 1}};
  const Belief whole = train::combine(EnsembleRule::fitted, members, weights);
  EXPECT_NEAR(whole.p[0], 0.75 * sigmoid(2) + 0.25 * sigmoid(-1), 1e-15);
  EXPECT_NEAR(whole.p[5], sigmoid(1), 1e-15);
}

TEST(Combine, CertainMembersStayProbabilities) {
  const std::vector<Belief> members(10, belief_of(800));
  const Belief whole = train::combine(EnsembleRule::mean, members, {});
  EXPECT_LE(whole.p[0], 1) << "ten tenths add up to more than 1";
  EXPECT_NEAR(whole.p[0], 1, 1e-15);
}

TEST(ReadMember, OneSplitAndOneTrainingPartLeaveTheSameImagesOut) {
  const test::TemporaryDirectory directory;
  const auto images_of = [&](const std::string& split, const std::string& data) {
    test::TinyNetwork network;
    train::ModelDescription description;
    description.architecture = "tiny";
    description.split_hash = split;
    description.data_hash = data;
    train::write_model(directory / "model.safetensors", description, network);
    return train::read_member(directory / "model.safetensors").validation_images;
  };
  const std::string images = images_of("split", "data");
  EXPECT_NE(images, "");
  EXPECT_EQ(images, images_of("split", "data"));
  EXPECT_NE(images, images_of("another", "data"));
  EXPECT_NE(images, images_of("split", "another fold's"));
  EXPECT_EQ(images_of("", "data"), "") << "not known";
}

train::Member member_of(const std::string& name, train::ImageKind kind = train::ImageKind::dicom) {
  train::Member member{.name = name, .models = std::vector<train::ModelFile>(1)};
  member.models[0].path = name + ".safetensors";
  member.models[0].description.preprocessing = train::Preprocessing::defaults(kind, train::InputKind::windows, 32);
  member.models[0].description.class_prior = {0.2, 0.1, 0.1, 0.1, 0.1, 0.1};
  return member;
}

TEST(Ensemble, RefusesWhatDoesNotFitTogether) {
  const auto error_of = [](const train::Ensemble& ensemble) { return test::error_of([&] { ensemble.check(); }); };
  EXPECT_EQ(error_of({.members = {member_of("a"), member_of("b")}}), "");
  EXPECT_THAT(error_of({}), HasSubstr("needs a member"));
  EXPECT_THAT(error_of({.members = {member_of("a"), member_of("a")}}), HasSubstr("two members are called a"));
  EXPECT_THAT(error_of({.members = {member_of("a"), member_of("b", train::ImageKind::pictures)}}),
              HasSubstr("b.safetensors reads pictures and a.safetensors reads dicom"));
  train::Ensemble fitted{.members = {member_of("a"), member_of("b")}, .rule = EnsembleRule::fitted};
  EXPECT_THAT(error_of(fitted), HasSubstr("weights of 2 members, found 0"));
  fitted.weights = {{1, 1, 1, 1, 1, 0.5}, {0, 0, 0, 0, 0, 0.4}};
  EXPECT_THAT(error_of(fitted), HasSubstr("the weights of subdural add up to 0.9"));
  fitted.weights = {{1, 1, 1, 1, 1, 1.5}, {0, 0, 0, 0, 0, -0.5}};
  EXPECT_THAT(error_of(fitted), HasSubstr("expected 0 to 1"));
}

TEST(Ensemble, ClassPriorFollowsTheRule) {
  train::Ensemble ensemble{.members = {member_of("a"), member_of("b")}, .rule = EnsembleRule::fitted};
  ensemble.members[1].models[0].description.class_prior[0] = 0.6;
  ensemble.weights = {{0.25, 1, 1, 1, 1, 1}, {0.75, 0, 0, 0, 0, 0}};
  EXPECT_NEAR(train::class_prior(ensemble)[0], 0.5, 1e-15);
  ensemble.rule = EnsembleRule::mean;
  EXPECT_NEAR(train::class_prior(ensemble)[0], 0.4, 1e-15);
}

TEST(MemberName, IsOfTheRunOrTheFile) {
  EXPECT_EQ(train::member_name("runs/cnn"), "cnn");
  EXPECT_EQ(train::member_name("runs/cnn/"), "cnn");
  EXPECT_EQ(train::member_name("runs/cnn/model.safetensors"), "cnn");
  EXPECT_EQ(train::member_name("models/best.safetensors"), "best");
  EXPECT_EQ(train::member_name("runs/my cnn,1"), "my_cnn_1");
  EXPECT_EQ(train::member_name("runs/a/../vgg.1"), "vgg.1");
}

}  // namespace

// An ensemble on disk: written, moved, damaged.
#include "train/ensemble/ensemble_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/files/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/tiny_network.h"
#include "train/evaluation/member_table.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class EnsembleDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b0", "b1"}) {
      test::TinyNetwork network(name[0] == 'a' ? 4 : 6);
      train::ModelDescription description;
      description.architecture = std::string("network-") + name;
      description.weighted_log_loss = 0.25;
      description.program_version = "test";
      train::write_model(path(name + std::string(".safetensors")), description, network);
    }
    ensemble_.members.push_back(train::read_member(path("a.safetensors")));
    ensemble_.members.push_back(train::read_member(path("b0.safetensors")));
    ensemble_.members[1].name = "b";
    ensemble_.members[1].models.push_back(train::read_model(path("b1.safetensors")));
    ensemble_.members[1].validation_score = std::nan("");
    ensemble_.rule = train::EnsembleRule::fitted;
    ensemble_.weights = {{0.1, 0.25, 1, 0, 1.0 / 3, 0.5}, {0.9, 0.75, 0, 1, 2.0 / 3, 0.5}};
    ensemble_.augmentation = train::TestTimeAugmentation::flip;
    fs::create_directories(path("out"));
  }
  fs::path path(const std::string& name) const { return directory_ / name; }
  void write() const { train::write_ensemble({path("out")}, ensemble_); }
  std::string error_of_reading() const {
    std::string error = test::error_of([&] { train::read_ensemble(path("out")); });
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    return error;
  }
  void change(const std::function<void(json&)>& edit) const {
    json object = json::parse(io::read_file(path("out/ensemble.json")));
    edit(object);
    std::ofstream(path("out/ensemble.json")) << object.dump();
  }

  test::TemporaryDirectory directory_;
  train::Ensemble ensemble_;
};

TEST_F(EnsembleDirectoryTest, ComesBackAfterItWasMovedAndTheRunsAreGone) {
  write();
  for (const char* name : {"a.safetensors", "b0.safetensors", "b1.safetensors"}) fs::remove(path(name));
  fs::rename(path("out"), path("moved"));
  const train::Ensemble read = train::read_ensemble(path("moved"));
  ASSERT_EQ(read.members.size(), 2U);
  EXPECT_EQ(read.members[0].name, "a");
  EXPECT_EQ(read.members[0].validation_score, 0.25);
  EXPECT_TRUE(std::isnan(read.members[1].validation_score));
  EXPECT_EQ(read.models(), 3U);
  EXPECT_EQ(read.members[1].models[1].description.architecture, "network-b1");
  EXPECT_EQ(read.members[1].models[1].contents.at("conv.weight").bytes,
            ensemble_.members[1].models[1].contents.at("conv.weight").bytes);
  EXPECT_EQ(read.weights, ensemble_.weights) << "to the last bit";
  EXPECT_EQ(read.rule, train::EnsembleRule::fitted);
  EXPECT_EQ(read.augmentation, train::TestTimeAugmentation::flip);
  EXPECT_TRUE(train::is_ensemble(path("moved")));
  EXPECT_FALSE(train::is_ensemble(directory_.path()));
}

TEST_F(EnsembleDirectoryTest, WeightsWaitBehindAnotherRule) {
  ensemble_.rule = train::EnsembleRule::logit_mean;
  write();
  const train::Ensemble read = train::read_ensemble(path("out"));
  EXPECT_EQ(read.rule, train::EnsembleRule::logit_mean);
  EXPECT_EQ(read.weights, ensemble_.weights);
  change([](json& o) { o["members"][0]["weights"]["any"] = 0.5; });
  EXPECT_THAT(error_of_reading(), HasSubstr("any add up to 1.4")) << "checked though not used";
}

TEST_F(EnsembleDirectoryTest, NamesLabelsAndHashes) {
  write();
  const json object = json::parse(io::read_file(path("out/ensemble.json")));
  EXPECT_EQ(object["format_version"], 1);
  EXPECT_EQ(object["labels"][0], "any");
  EXPECT_EQ(object["members"][0]["weights"]["intraparenchymal"], 1);
  EXPECT_EQ(object["members"][1]["models"][1]["file"], "members/b-fold1.safetensors");
  EXPECT_EQ(object["members"][1]["models"][1]["sha256"].get<std::string>().size(), 64U);
  EXPECT_TRUE(object["members"][1]["validation_score"].is_null());
}

TEST_F(EnsembleDirectoryTest, MissingAndExchangedMembersAreNamed) {
  write();
  fs::remove(path("out/members/b-fold0.safetensors"));
  EXPECT_THAT(error_of_reading(), AllOf(HasSubstr("member b: members/b-fold0.safetensors is missing"),
                                        HasSubstr(path("out/ensemble.json").string())));
  fs::copy_file(path("out/members/a.safetensors"), path("out/members/b-fold0.safetensors"));
  EXPECT_THAT(error_of_reading(), AllOf(HasSubstr("member b: members/b-fold0.safetensors is not the model"),
                                        HasSubstr("SHA-256"), HasSubstr("expected")));
}

TEST_F(EnsembleDirectoryTest, DamagedDescriptionsAreRefused) {
  write();
  const std::string good = io::read_file(path("out/ensemble.json"));
  const auto error_with = [&](const std::function<void(json&)>& edit) {
    std::ofstream(path("out/ensemble.json")) << good;
    change(edit);
    return error_of_reading();
  };
  EXPECT_THAT(error_with([](json& o) { o["format_version"] = 2; }), HasSubstr("newer falx (format 2"));
  EXPECT_THAT(error_with([](json& o) { o["labels"][0] = "all"; }), HasSubstr("has other labels"));
  EXPECT_THAT(error_with([](json& o) { o["rule"] = "vote"; }), HasSubstr("the rule 'vote'"));
  EXPECT_THAT(error_with([](json& o) { o["tta"] = "rotate"; }), HasSubstr("'rotate' is not known"));
  EXPECT_THAT(error_with([](json& o) { o.erase("members"); }), HasSubstr("not what falx ensemble writes"));
  EXPECT_THAT(error_with([](json& o) { o["members"][0]["weights"]["any"] = 0.5; }), HasSubstr("any add up to 1.4"));
  EXPECT_THAT(error_with([](json& o) { o["members"][0].erase("weights"); }),
              HasSubstr("expected weights of 2 members"));
  EXPECT_THAT(error_with([](json& o) { o["members"][0]["name"] = "b"; }), HasSubstr("two members are called b"));
  for (const char* outside : {"../a.safetensors", "/etc/passwd", "members/../../a.safetensors", ""}) {
    EXPECT_THAT(error_with([&](json& o) { o["members"][0]["models"][0]["file"] = outside; }),
                HasSubstr("is no file of this directory"));
  }
  std::ofstream(path("out/ensemble.json")) << "no JSON";
  EXPECT_THAT(error_of_reading(), HasSubstr("not what falx ensemble writes"));
}

TEST_F(EnsembleDirectoryTest, NothingRemainsOfAFailure) {
  fs::remove(path("b1.safetensors"));
  EXPECT_THAT(test::error_of([&] { write(); }), HasSubstr("b1.safetensors"));
  EXPECT_TRUE(fs::is_empty(path("out")));
}

TEST_F(EnsembleDirectoryTest, MemberTableKeepsValidationScores) {
  train::write_member_table(path("members.csv"), train::member_rows(ensemble_));
  const std::vector<train::MemberRow> rows = train::read_member_table(path("members.csv"));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].member, "a");
  EXPECT_EQ(rows[0].network, "network-a");
  EXPECT_EQ(rows[0].validation_score, 0.25);
  EXPECT_EQ(rows[1].models, 2);
  EXPECT_EQ(rows[0].validation_images, "") << "the models state no split";
  write();
  for (const train::Member& member : train::read_ensemble(path("out")).members) {
    EXPECT_EQ(member.validation_images, "out-of-fold") << "falx ensemble scores all on the same images";
  }
  EXPECT_TRUE(std::isnan(rows[1].validation_score));
}

}  // namespace

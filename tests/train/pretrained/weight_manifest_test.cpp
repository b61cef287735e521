#include "train/pretrained/weight_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "io/files/atomic_file.h"
#include "models/registry.h"
#include "train/pretrained/embedded.h"
#include "train/pretrained/imagenet.h"

namespace {

TEST(WeightManifest, IsTheFileOfTheRepository) {
  EXPECT_EQ(train::embedded_weight_manifest, io::read_file("weights/manifest.json"));
  EXPECT_EQ(train::embedded_imagenet_classes, io::read_file("weights/imagenet_classes.txt"));
}

TEST(WeightManifest, HasWellFormedEntriesForNetworksThatThereAre) {
  ASSERT_FALSE(train::weight_manifest().empty());
  std::set<std::string> names, hashes;
  for (const train::KnownFile& file : train::weight_manifest()) {
    EXPECT_TRUE(names.insert(file.name).second) << file.name << " twice";
    EXPECT_TRUE(models::find_model(file.model).has_imagenet_head);
    EXPECT_THAT(file.source, testing::StartsWith("https://"));
    EXPECT_FALSE(file.licence.empty());
    EXPECT_THAT(file.sha256, testing::MatchesRegex("([0-9a-f]{64})?")) << file.name;
    EXPECT_THAT(file.md5, testing::MatchesRegex("([0-9a-f]{32})?")) << file.name;
    for (const std::string& hash : {file.sha256, file.md5}) {
      EXPECT_TRUE(hash.empty() || hashes.insert(hash).second) << file.name;
    }
  }
}

TEST(WeightManifest, KnowsAFileByEitherHash) {
  const auto by_md5 = train::find_known_file({.sha256 = "0", .md5 = "9d60b8095a5708f2dcce2bca79d332c7"});
  ASSERT_TRUE(by_md5);
  EXPECT_EQ(by_md5->name, "Keras Applications DenseNet121");
  const auto by_sha = train::find_known_file(
      {.sha256 = "57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8", .md5 = "0"});
  ASSERT_TRUE(by_sha);
  EXPECT_EQ(by_sha->model, "vgg16");
  EXPECT_FALSE(train::find_known_file({.sha256 = "", .md5 = ""})) << "unknown hashes match nothing";
}

TEST(ImageNetClasses, AreInTheChallengesOrder) {
  const std::vector<std::string>& classes = train::imagenet_classes();
  ASSERT_EQ(classes.size(), 1000U);
  EXPECT_EQ(classes[0], "tench");
  EXPECT_EQ(classes[281], "tabby");
  EXPECT_EQ(classes[285], "Egyptian_cat");
  EXPECT_EQ(classes[340], "zebra");
  EXPECT_EQ(classes[967], "espresso");
  EXPECT_EQ(classes[999], "toilet_tissue");
}

}  // namespace

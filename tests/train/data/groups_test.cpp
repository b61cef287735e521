#include "train/data/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/files/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "train/data/pseudonym.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using train::ImageOrigin;

TEST(Groups, FollowThePatientId) {
  const std::vector<ImageOrigin> origins = {{"i1", "P1", "S1", "R1", "x"}, {"i2", "P2", "S2", "R2", "x"}};
  const train::Groups groups = train::group_images(origins);
  EXPECT_THAT(groups.patient, ElementsAre("P1", "P2"));
  EXPECT_THAT(groups.study, ElementsAre("S1", "S2"));
  EXPECT_TRUE(groups.by_patient);
  EXPECT_EQ(groups.warning, "");
}

TEST(Groups, FallBackToStudySeriesAndFolder) {
  const std::vector<ImageOrigin> origins = {{"i1", "P1", "S1", "R1", "x"},
                                            {"i2", "", "S2", "R2", "x"},
                                            {"i3", "", "", "R3", "x"},
                                            {"i4", "", "", "", "x"},
                                            {"i5", "P2", "", "", ""}};
  const train::Groups groups = train::group_images(origins);
  EXPECT_THAT(groups.patient, ElementsAre("P1", "study:S2", "series:R3", "folder:x", "P2"));
  EXPECT_FALSE(groups.by_patient);
  EXPECT_THAT(groups.warning, HasSubstr("3 of 5 images name no patient"));
}

TEST(Groups, AConstantPatientIdTellsNobodyApart) {
  const std::vector<ImageOrigin> origins = {
      {"i1", "ANON", "S1", "", ""}, {"i2", "ANON", "S2", "", ""}, {"i3", "", "S3", "", ""}};
  const train::Groups groups = train::group_images(origins);
  EXPECT_THAT(groups.patient, ElementsAre("study:S1", "study:S2", "study:S3"));
  EXPECT_FALSE(groups.by_patient);
  EXPECT_THAT(groups.warning, HasSubstr("the same patient"));
}

TEST(Groups, AFolderOfSeveralPatientsIsAStudyOfEach) {
  const std::vector<ImageOrigin> origins = {
      {"i1", "P1", "", "", ""}, {"i2", "P2", "", "", ""}, {"i3", "P1", "", "", ""}, {"i4", "P3", "S", "", ""}};
  EXPECT_THAT(train::group_images(origins).study, ElementsAre("folder:.#1", "folder:.#2", "folder:.#1", "S"));
  const test::TemporaryDirectory directory;
  io::write_file_atomically(directory / "groups.csv", "image,patient,study\ni1,A,\ni2,A,\ni3,B,\ni4,B,T\n");
  EXPECT_THAT(train::group_images(origins, directory / "groups.csv").study,
              ElementsAre("folder:.#1", "folder:.#1", "folder:.#2", "T"));
}

TEST(Groups, ATableOverridesTheHeaders) {
  const test::TemporaryDirectory directory;
  const auto with = [&](const std::string& rows) {
    io::write_file_atomically(directory / "groups.csv", "image,patient,study\n" + rows);
    const std::vector<ImageOrigin> origins = {{"i1", "P1", "S1", "", ""}, {"i2", "", "S2", "", ""}};
    return train::group_images(origins, directory / "groups.csv");
  };
  const train::Groups groups = with("i2,B,T2\ni1,A,\nother,C,T\ni1,A,\n");
  EXPECT_THAT(groups.patient, ElementsAre("A", "B"));
  EXPECT_THAT(groups.study, ElementsAre("S1", "T2"));
  EXPECT_TRUE(groups.by_patient);
  const auto error_of = [&](const std::string& rows) { return test::error_of([&] { with(rows); }); };
  EXPECT_THAT(error_of("i1,A,\n"), HasSubstr("expected a row for image i2"));
  EXPECT_THAT(error_of("i1,A,\ni2,B,\ni1,C,\n"),
              HasSubstr("groups.csv:4: image i1 has another patient or study on line 2"));
  EXPECT_THAT(error_of("i1,,\n"), HasSubstr("groups.csv:2"));
}

TEST(Pseudonym, IsAKeyedHash) {
  EXPECT_EQ(train::pseudonym("ID_patient"), train::pseudonym("ID_patient", "falx"));
  EXPECT_NE(train::pseudonym("ID_patient"), train::pseudonym("ID_patient", "secret"));
  EXPECT_NE(train::pseudonym("ID_patient"), train::pseudonym("ID_patient2"));
  // HMAC-SHA-256 under the key "falx", by Python's hmac module.
  EXPECT_EQ(train::pseudonym("ID_0002cd41"), "215d874942012ba4");
}

}  // namespace

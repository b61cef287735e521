#include "cuda/runtime/plan_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <vector>

namespace cuda {
namespace {

const StoredPlan plan{.measured = true, .engine = 62, .plan = "{\"a\": 1,\n\"b\": \"\\n\"}"};

std::filesystem::path fresh_folder(const std::string& name) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove_all(folder);
  return folder;
}

std::filesystem::path only_file(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  EXPECT_EQ(files.size(), 1U);
  return files.at(0);
}

TEST(PlanStore, GivesBackWhatWasSaved) {
  const PlanStore store(fresh_folder("falx-store"), 91900, "a device");
  EXPECT_FALSE(store.load("key").has_value());
  store.save("key", plan);
  store.save("another key", {.measured = false, .engine = 0, .plan = ""});
  const auto loaded = store.load("key");
  ASSERT_TRUE(loaded.has_value());
  EXPECT_TRUE(loaded->measured);
  EXPECT_EQ(loaded->engine, 62);
  EXPECT_EQ(loaded->plan, plan.plan);
  const auto another = store.load("another key");
  ASSERT_TRUE(another.has_value());
  EXPECT_FALSE(another->measured);
  EXPECT_TRUE(another->plan.empty());
}

TEST(PlanStore, TakesTheLastOfOneKey) {
  const PlanStore store(fresh_folder("falx-store-last"), 91900, "a device");
  store.save("key", plan);
  store.save("key", {.measured = false, .engine = 7, .plan = "later"});
  EXPECT_EQ(store.load("key")->engine, 7);
}

TEST(PlanStore, IgnoresOtherVersionsAndDevices) {
  const std::filesystem::path folder = fresh_folder("falx-store-others");
  PlanStore(folder, 91900, "a device").save("key", plan);
  EXPECT_FALSE(PlanStore(folder, 91901, "a device").load("key").has_value());
  EXPECT_FALSE(PlanStore(folder, 91900, "another device").load("key").has_value());
  EXPECT_FALSE(PlanStore(folder, 91900, "a device").load("another key").has_value());
  EXPECT_TRUE(PlanStore(folder, 91900, "a device").load("key").has_value());
}

TEST(PlanStore, IgnoresAFileOfTheRightNameForSomethingElse) {
  const std::filesystem::path folder = fresh_folder("falx-store-renamed"), other = fresh_folder("falx-store-key");
  const PlanStore store(folder, 91900, "a device");
  store.save("key", plan);
  PlanStore(other, 91900, "a device").save("another key", plan);
  std::filesystem::copy_file(only_file(other), only_file(folder), std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(store.load("key").has_value());
}

/// Every single damage: each length cut off, each byte changed.
TEST(PlanStore, IgnoresADamagedFile) {
  const std::filesystem::path folder = fresh_folder("falx-store-damaged");
  const PlanStore store(folder, 91900, "a device");
  store.save("key", plan);
  const std::filesystem::path file = only_file(folder);
  std::ifstream in(file, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto write = [&](const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    write(whole.substr(0, i));
    EXPECT_FALSE(store.load("key").has_value()) << "cut to " << i << " bytes";
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write(changed);
    EXPECT_FALSE(store.load("key").has_value()) << "byte " << i;
  }
  write(whole + "more");
  EXPECT_FALSE(store.load("key").has_value());
  store.save("key", plan);
  EXPECT_TRUE(store.load("key").has_value());
}

TEST(PlanStore, KeepsNothingWithoutAFolderAndFailsQuietly) {
  const PlanStore none({}, 91900, "a device");
  none.save("key", plan);
  EXPECT_FALSE(none.load("key").has_value());
  const std::filesystem::path file = fresh_folder("falx-store-file");
  std::ofstream(file) << "no folder";
  const PlanStore impossible(file / "below", 91900, "a device");
  impossible.save("key", plan);
  EXPECT_FALSE(impossible.load("key").has_value());
}

/// An environment variable for the length of a test.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value != nullptr ? setenv(name, value, 1) : unsetenv(name);
  }
  ~Environment() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(PlanStore, LiesWhereCachesLie) {
  const Environment home("HOME", "/home/someone");
  {
    const Environment cache("FALX_CACHE", nullptr), caches("XDG_CACHE_HOME", nullptr);
    EXPECT_EQ(cache_folder(), "/home/someone/.cache/falx");
    const Environment no_home("HOME", nullptr);
    EXPECT_EQ(cache_folder(), "");
  }
  const Environment caches("XDG_CACHE_HOME", "/caches");
  {
    const Environment cache("FALX_CACHE", nullptr);
    EXPECT_EQ(cache_folder(), "/caches/falx");
  }
  const Environment cache("FALX_CACHE", "/mine");
  EXPECT_EQ(cache_folder(), "/mine");
  const Environment disabled("FALX_CACHE", "");
  EXPECT_EQ(cache_folder(), "");
}

}  // namespace
}  // namespace cuda

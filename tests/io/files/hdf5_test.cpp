#include "io/files/hdf5.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <array>
#include <numeric>

#include "io/files/atomic_file.h"
#include "tests/io/files/hdf5_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"

namespace {

using test::Hdf5Writer;
using testing::HasSubstr;

constexpr std::uint64_t enough = std::uint64_t{1} << 32U;  // bytes

std::vector<float> counted(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.5F);
  return values;
}

/// What reading the array "x" of a file says, "" if it is read.
std::string error_of_x(const std::filesystem::path& path) {
  std::string what = test::error_of([&] { (void)io::Hdf5File(path).read("x", enough); });
  EXPECT_EQ(what.find('\n'), std::string::npos) << "one line: " << what;
  return what;
}

TEST(Hdf5, ReadsArraysHoweverTheyAreStored) {
  const test::TemporaryDirectory directory;
  const std::vector<float> values = counted(60);
  {
    const Hdf5Writer writer(directory / "a.h5");
    writer.array("whole", {.shape = {5, 3, 4}, .values = values});
    writer.array("group/in/group/chunked", {.shape = {5, 3, 4}, .values = values, .rows_per_chunk = 2});
    writer.array("gzip", {.shape = {5, 3, 4}, .values = values, .rows_per_chunk = 3, .gzip = 6});
    writer.array("empty", {.shape = {0, 4}, .values = {}});
    const double pi = 3.14159265358979;
    const hid_t scalar = H5Screate(H5S_SCALAR);
    const hid_t written =
        H5Dcreate2(writer.file(), "scalar", H5T_IEEE_F64BE, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(written, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &pi);
    H5Dclose(written);
    H5Sclose(scalar);
  }
  const io::Hdf5File file(directory / "a.h5");
  for (const char* path : {"whole", "group/in/group/chunked", "gzip"}) {
    const io::StoredTensor tensor = file.read(path, enough);
    EXPECT_EQ(tensor.name, path);
    EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{5, 3, 4}));
    EXPECT_EQ(tensor.values<float>(), values) << path;
  }
  EXPECT_EQ(file.read("scalar", enough).values<float>(), std::vector<float>{3.14159265F});
  EXPECT_TRUE(file.read("empty", enough).values<float>().empty());
  EXPECT_TRUE(file.has_group("group/in"));
  EXPECT_TRUE(file.has_group(""));
  EXPECT_TRUE(file.has_array("gzip"));
  EXPECT_FALSE(file.has_group("gzip"));
  EXPECT_FALSE(file.has_array("group/absent"));
  EXPECT_FALSE(file.has_array("gzip/below"));
}

TEST(Hdf5, ReadsTextsOfBothKinds) {
  const test::TemporaryDirectory directory;
  {
    const Hdf5Writer writer(directory / "a.h5");
    writer.texts("", "names", {"conv1/bn", "b", ""});
    writer.texts("", "nothing", {});
    writer.text("", "version", "2.3.1");
  }
  const io::Hdf5File file(directory / "a.h5");
  EXPECT_EQ(file.texts("", "names"), (std::vector<std::string>{"conv1/bn", "b", ""}));
  EXPECT_EQ(file.texts("", "nothing"), std::vector<std::string>{});
  EXPECT_EQ(file.text("", "version"), "2.3.1");
  EXPECT_FALSE(file.text("", "absent"));
  EXPECT_THAT(test::error_of([&] { (void)file.text("", "names"); }), HasSubstr("names"));
  EXPECT_THAT(test::error_of([&] { (void)file.texts("absent", "names"); }), HasSubstr("there is no absent"));
}

TEST(Hdf5, RefusesLinksOutOfTheTree) {
  const test::TemporaryDirectory directory;
  {
    const Hdf5Writer other(directory / "other.h5");
    other.array("x", {.shape = {2}, .values = {1, 2}});
  }
  const auto error = [&](const auto& make_link) {
    {
      const Hdf5Writer writer(directory / "a.h5");
      writer.array("y", {.shape = {2}, .values = {1, 2}});
      make_link(writer.file());
    }
    return error_of_x(directory / "a.h5");
  };
  EXPECT_THAT(error([](hid_t file) { H5Lcreate_soft("/y", file, "x", H5P_DEFAULT, H5P_DEFAULT); }),
              HasSubstr("x is a soft link"));
  EXPECT_THAT(error([](hid_t file) { H5Lcreate_external("other.h5", "/x", file, "x", H5P_DEFAULT, H5P_DEFAULT); }),
              HasSubstr("another file"));
  EXPECT_EQ(error([](hid_t file) { H5Lcreate_hard(file, "/y", file, "x", H5P_DEFAULT, H5P_DEFAULT); }), "");
}

/// A file with an array "x" of one million floats, made with properties that `change` sets.
template <class Change>
std::string error_with_properties(const Change& change, hid_t type = H5T_IEEE_F32LE, hsize_t length = 1'000'000) {
  const test::TemporaryDirectory directory;
  {
    const Hdf5Writer writer(directory / "a.h5");
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, &length, nullptr);
    change(properties);
    H5Dclose(H5Dcreate2(writer.file(), "x", type, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    H5Pclose(properties);
    H5Sclose(space);
  }
  return error_of_x(directory / "a.h5");
}

/// `bytes` with every 8-byte number `from` (little endian) replaced.
std::string with_number(std::string bytes, std::uint64_t from, std::uint64_t to) {
  const auto text = [](std::uint64_t number) { return std::string(reinterpret_cast<const char*>(&number), 8); };
  for (std::size_t at = 0; (at = bytes.find(text(from), at)) != std::string::npos; at += 8) {
    bytes.replace(at, 8, text(to));
  }
  return bytes;
}

TEST(Hdf5, RefusesAnArrayLargerThanItsFile) {
  const test::TemporaryDirectory directory;
  { Hdf5Writer(directory / "a.h5").array("x", {.shape = {1003}, .values = counted(1003)}); }
  const std::string honest = io::read_file(directory / "a.h5");
  const std::string larger = with_number(with_number(honest, 1003, 250'000'000), 4012, 1'000'000'000);
  io::write_file_atomically(directory / "b.h5", larger);
  EXPECT_EQ(error_of_x(directory / "a.h5"), "");
  EXPECT_THAT(error_of_x(directory / "b.h5"), HasSubstr("says that 1000000000 bytes are stored, the file has"));
}

TEST(Hdf5, RefusesDataThatIsNotThere) {
  EXPECT_THAT(error_with_properties([](hid_t) {}), HasSubstr("needs 4000000 bytes, 0 are stored"));
  const hsize_t huge = hsize_t{1} << 39U, chunk = hsize_t{1} << 29U;
  EXPECT_THAT(
      error_with_properties([&](hid_t properties) { H5Pset_chunk(properties, 1, &chunk); }, H5T_IEEE_F32LE, huge),
      HasSubstr("0 are stored"));
  EXPECT_THAT(
      error_with_properties([](hid_t properties) { H5Pset_external(properties, "/etc/passwd", 0, H5F_UNLIMITED); }),
      HasSubstr("another file"));
}

TEST(Hdf5, RefusesOtherFiltersAndTypes) {
  const hsize_t chunk = 1000;
  EXPECT_THAT(error_with_properties([&](hid_t properties) {
                H5Pset_chunk(properties, 1, &chunk);
                H5Pset_scaleoffset(properties, H5Z_SO_FLOAT_DSCALE, 2);
              }),
              HasSubstr("filter"));
  const hid_t text = H5Tcopy(H5T_C_S1);
  EXPECT_THAT(error_with_properties([](hid_t) {}, text), HasSubstr("expected 32 or 64 bit floats"));
  EXPECT_THAT(error_with_properties([](hid_t) {}, H5T_STD_REF_OBJ), HasSubstr("expected 32 or 64 bit floats"));
  H5Tclose(text);
}

TEST(Hdf5, BoundsTheDepthOfAPath) {
  const test::TemporaryDirectory directory;
  { const Hdf5Writer writer(directory / "a.h5"); }
  std::string path;
  for (int i = 0; i < 100; ++i) path += "a/";
  const io::Hdf5File file(directory / "a.h5");
  EXPECT_THAT(test::error_of([&] { (void)file.has_group(path); }), HasSubstr("deeper than 32"));
}

TEST(Hdf5, NamesWhatIsWrongWithADamagedFile) {
  const test::TemporaryDirectory directory;
  {
    const Hdf5Writer writer(directory / "good.h5");
    writer.array("x", {.shape = {500}, .values = counted(500), .rows_per_chunk = 100, .gzip = 4});
  }
  const std::string good = io::read_file(directory / "good.h5");
  for (const std::size_t length : {std::size_t{0}, std::size_t{10}, good.size() / 2, good.size() - 1}) {
    io::write_file_atomically(directory / "cut.h5", std::string_view(good).substr(0, length));
    EXPECT_THAT(error_of_x(directory / "cut.h5"), HasSubstr("cut.h5: ")) << length;
  }
  EXPECT_THAT(error_of_x(directory / "absent.h5"), HasSubstr("absent.h5: "));
}

}  // namespace

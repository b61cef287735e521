// DICOM files for the tests, written by DCMTK from what a test says about them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// A CT slice to be written. `elements` go on top of a complete header: (group, element) -> value, "" for an empty
/// element; `without` leaves elements out.
struct DicomFile {
  int rows = 4, columns = 6;
  std::vector<int> values = {};  // rows * columns; empty: 0, 1, 2, ...
  int bits_allocated = 16, bits_stored = 16;
  bool is_signed = false;
  std::map<std::pair<int, int>, std::string> elements = {};
  std::vector<std::pair<int, int>> without = {};
  std::string transfer_syntax = "1.2.840.10008.1.2.1";
};

/// 0, 1, 2, ...
std::vector<int> counting(int count);

/// The file, in any transfer syntax that DCMTK encodes, or JPEG 2000 without loss. Pixels may hold any 16-bit number.
void write_dicom(const std::filesystem::path& path, const DicomFile& file);

/// The bytes of a file.
std::string contents(const std::filesystem::path& path);
void write_contents(const std::filesystem::path& path, const std::string& bytes);

/// The first `bytes` bytes of a file, as a copy.
void write_beginning(const std::filesystem::path& from, const std::filesystem::path& to, std::size_t bytes);

}  // namespace test

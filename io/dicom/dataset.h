// A DICOM file in memory, and its elements as text and numbers. Hides DCMTK from the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

class DcmFileFormat;  // of DCMTK
class DcmDataset;

namespace io {

/// (group, element), as DICOM PS3.6 lists them.
struct Tag {
  std::uint16_t group, element;
};

/// The parts of a DICOM file, loaded by the constructor except for long values (pixels), which stay on disk until they
/// are asked for. Numbers and texts are read forgivingly: spaces and zeros around them are cut off, and what is no
/// number counts as missing.
class Dataset {
 public:
  /// Throws FileRejected: unreadable, not_dicom, dicomdir.
  explicit Dataset(const std::string& path);
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;
  ~Dataset();

  bool contains(Tag tag) const;
  /// The values of an element, without the spaces around them; empty if it is missing.
  std::vector<std::string> texts(Tag tag) const;
  /// The first value, or "".
  std::string text(Tag tag) const;
  /// Finite numbers only; one that does not parse makes the whole list empty.
  std::vector<double> numbers(Tag tag) const;
  std::optional<double> number(Tag tag) const;
  std::optional<int> integer(Tag tag) const;

  /// From the file's meta header (group 0002).
  std::string meta_text(Tag tag) const;

  /// As the file was written: "1.2.840.10008.1.2.1".
  std::string transfer_syntax() const;
  /// Why reading stopped before the end of the file; empty if it did not. The elements read until then are there.
  const std::string& read_error() const { return read_error_; }

  const std::string& path() const { return path_; }
  DcmDataset& dcmtk() const;

 private:
  std::string path_, read_error_;
  std::unique_ptr<DcmFileFormat> file_;
};

/// A text of a file made fit for a message: printable ASCII, at most 32 characters.
std::string printable_ascii(const std::string& text);

}  // namespace io

#include "io/dicom/dataset.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string_view>
#include <system_error>

#include "io/dicom/dcmtk_setup.h"
#include "io/dicom/load_elements.h"
#include "io/dicom/reason.h"
#include "io/rejected_file.h"

namespace io {
namespace {

using Kind = RejectedFile::Kind;

/// No element that is read as text is longer; a broken file may claim gigabytes.
constexpr Uint32 longest_text = 1 << 16;

/// A file that was meant to be DICOM is a defect when it is not; any other is none of our business.
bool is_named_like_dicom(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  return extension == ".dcm" || extension == ".DCM" || extension == ".dicom" || extension == ".ima" ||
         extension == ".IMA";
}

[[noreturn]] void reject_as_not_dicom(const std::string& path) {
  const Kind kind = is_named_like_dicom(path) ? Kind::rejected : Kind::skipped;
  throw FileRejected({path, kind, skip::not_dicom, "is not a DICOM file"});
}

[[noreturn]] void reject_as_unreadable(const std::string& path, const std::string& detail) {
  throw FileRejected({path, Kind::rejected, reject::unreadable, detail});
}

enum class Beginning { has_magic, may_be_dataset, something_else };

/// "DICM" after 128 bytes, or an old file that begins with an element of group 0002 or 0008 (either byte order).
Beginning look_at_beginning(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) reject_as_unreadable(path, "no such file");
  if (!std::filesystem::is_regular_file(status)) reject_as_unreadable(path, "is not a regular file");
  std::ifstream file(path, std::ios::binary);
  if (!file) reject_as_unreadable(path, "cannot be opened (permissions?)");
  std::array<char, 132> bytes{};
  file.read(bytes.data(), bytes.size());
  const auto count = static_cast<std::size_t>(file.gcount());
  if (count == 0) reject_as_not_dicom(path);
  if (count == bytes.size() && std::string_view(bytes.data() + 128, 4) == "DICM") return Beginning::has_magic;
  const bool little = (bytes[0] == 2 || bytes[0] == 8) && bytes[1] == 0;
  const bool big = bytes[0] == 0 && (bytes[1] == 2 || bytes[1] == 8);
  return count >= 16 && (little || big) ? Beginning::may_be_dataset : Beginning::something_else;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blank(" \t\r\n\0", 5);
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(blank) - first + 1));
}

std::optional<double> parse_number(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

DcmElement* find(DcmItem& item, Tag tag) {
  DcmElement* element = nullptr;
  if (item.findAndGetElement(DcmTagKey(tag.group, tag.element), element).bad()) return nullptr;
  return element;
}

/// All values joined by backslashes, as the file has them. Binary numbers come as decimal text.
std::string joined_values(DcmItem& item, Tag tag) {
  DcmElement* const element = find(item, tag);
  if (element == nullptr || !element->isLeaf() || element->getLengthField() > longest_text) return "";
  OFString values;
  if (element->getOFStringArray(values).bad()) return "";
  return {values.c_str(), values.size()};
}

}  // namespace

Dataset::Dataset(const std::string& path) : path_(path) {
  prepare_dcmtk();
  const Beginning beginning = look_at_beginning(path);
  if (beginning == Beginning::something_else) reject_as_not_dicom(path);

  file_ = std::make_unique<DcmFileFormat>();
  read_error_ = load_elements(*file_, path);

  constexpr Tag sop_instance_uid{0x0008, 0x0018}, modality{0x0008, 0x0060}, pixel_data{0x7fe0, 0x0010};
  const bool is_plausible = contains(sop_instance_uid) || contains(modality) || contains(pixel_data);
  if (beginning == Beginning::may_be_dataset && !is_plausible) reject_as_not_dicom(path);

  constexpr const char* directory_storage = "1.2.840.10008.1.3.10";
  if (meta_text({0x0002, 0x0002}) == directory_storage || contains({0x0004, 0x1220})) {
    throw FileRejected({path, Kind::skipped, skip::dicomdir, "is the index of a medium (DICOMDIR)"});
  }
  if (!read_error_.empty() && !is_plausible) reject_as_unreadable(path, "the header cannot be read: " + read_error_);
}

Dataset::~Dataset() = default;

DcmDataset& Dataset::dcmtk() const { return *file_->getDataset(); }

bool Dataset::contains(Tag tag) const { return find(dcmtk(), tag) != nullptr; }

std::vector<std::string> Dataset::texts(Tag tag) const {
  const std::string joined = joined_values(dcmtk(), tag);
  std::vector<std::string> values;
  if (trimmed(joined).empty()) return values;
  for (std::size_t begin = 0; begin <= joined.size();) {
    const std::size_t end = std::min(joined.find('\\', begin), joined.size());
    values.push_back(trimmed(std::string_view(joined).substr(begin, end - begin)));
    begin = end + 1;
  }
  return values;
}

std::string Dataset::text(Tag tag) const {
  const std::vector<std::string> values = texts(tag);
  return values.empty() ? "" : values.front();
}

std::vector<double> Dataset::numbers(Tag tag) const {
  std::vector<double> result;
  for (const std::string& value : texts(tag)) {
    const std::optional<double> number = parse_number(value);
    if (!number) return {};
    result.push_back(*number);
  }
  return result;
}

std::optional<double> Dataset::number(Tag tag) const { return parse_number(text(tag)); }

std::optional<int> Dataset::integer(Tag tag) const {
  const std::optional<double> value = number(tag);
  if (!value || *value != std::floor(*value) || std::abs(*value) > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(*value);
}

std::string Dataset::meta_text(Tag tag) const { return trimmed(joined_values(*file_->getMetaInfo(), tag)); }

std::string Dataset::transfer_syntax() const {
  std::string in_meta = meta_text({0x0002, 0x0010});
  if (!in_meta.empty()) return in_meta;
  const char* const id = DcmXfer(dcmtk().getOriginalXfer()).getXferID();
  return id == nullptr ? "" : id;
}

std::string printable_ascii(const std::string& text) {
  std::string result;
  for (const char letter : text.substr(0, 32)) result += letter >= ' ' && letter <= '~' ? letter : '?';
  return result;
}

}  // namespace io

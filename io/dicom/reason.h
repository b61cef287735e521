// The words for what is unusual about a DICOM file: why it is not used, or what was done so that it could be.
#pragma once

#include <string>

namespace io {

/// What was done to a slice that is used. `code` is one of `fix::` below.
struct Reason {
  std::string code;
  std::string detail;  // one line for a person: "PixelPaddingValue -1500 became -1024 HU"
};

/// Not what we read: kind `skipped`.
namespace skip {
inline constexpr const char* not_dicom = "not_dicom";      // a table, a text, a picture
inline constexpr const char* not_picture = "not_picture";  // neither PNG nor JPEG where pictures are read
inline constexpr const char* folder_link = "folder_link";  // a symbolic link to a folder: not followed
inline constexpr const char* dicomdir = "dicomdir";        // the index of a medium
inline constexpr const char* not_ct = "not_ct";            // another Modality
inline constexpr const char* localizer = "localizer";      // a scout: ImageType LOCALIZER
inline constexpr const char* secondary = "secondary";      // screen shots, dose reports: ImageType SECONDARY
inline constexpr const char* derived_map = "derived_map";  // perfusion, dual energy: no Hounsfield units
inline constexpr const char* colour = "colour";            // more than one sample a pixel, or a palette
inline constexpr const char* tilted = "tilted";            // slice normal more than 45 degrees from head-foot
inline constexpr const char* duplicate = "duplicate";      // the same image again, pixel for pixel
}  // namespace skip

/// A defect: kind `rejected`.
namespace reject {
inline constexpr const char* unreadable = "unreadable";              // missing, no permission, broken encoding
inline constexpr const char* not_dicom = skip::not_dicom;            // a .dcm file without DICOM in it
inline constexpr const char* missing_element = "missing_element";    // something without which pixels mean nothing
inline constexpr const char* bad_element = "bad_element";            // a value that cannot be true
inline constexpr const char* no_pixel_data = "no_pixel_data";        // a header alone
inline constexpr const char* truncated = "truncated";                // fewer pixel bytes than the header says
inline constexpr const char* multi_frame = "multi_frame";            // several slices in one file
inline constexpr const char* unsupported_bits = "unsupported_bits";  // neither 8 nor 16 bits allocated, or floats
inline constexpr const char* unsupported_syntax = "unsupported_syntax";
inline constexpr const char* decode_failed = "decode_failed";  // compressed pixels that do not decompress
inline constexpr const char* conflicting_duplicate = "conflicting_duplicate";  // one SOPInstanceUID, two pictures
}  // namespace reject

/// Used, and this was done or assumed.
namespace fix {
inline constexpr const char* string_uid = "string_uid";      // a UID that is no UID (ID_0fe31b044): kept as text
inline constexpr const char* id_from_meta = "id_from_meta";  // SOPInstanceUID only in the file's meta header
inline constexpr const char* no_study_uid = "no_study_uid";
inline constexpr const char* no_series_uid = "no_series_uid";    // grouped by study and folder
inline constexpr const char* no_position = "no_position";        // ordered by acquisition and instance number
inline constexpr const char* no_orientation = "no_orientation";  // taken as it is stored
inline constexpr const char* no_pixel_spacing = "no_pixel_spacing";
inline constexpr const char* turned = "turned";  // rows and columns now run left and back
inline constexpr const char* several_windows = "several_windows";
inline constexpr const char* default_element = "default_element";  // a missing element of the pixel module assumed
inline constexpr const char* no_rescale_intercept = "no_rescale_intercept";  // taken as 0, never an unwrap
inline constexpr const char* no_rescale_slope = "no_rescale_slope";          // taken as 1
inline constexpr const char* unwrapped = "unwrapped";                        // 12 bits that had wrapped around
inline constexpr const char* monochrome1_inverted = "monochrome1_inverted";
inline constexpr const char* monochrome1_kept = "monochrome1_kept";  // marked inverted, but air is dark already
inline constexpr const char* padding = "padding";                    // outside the scanned circle, now -1024 HU
inline constexpr const char* padding_kept = "padding_kept";          // a declared padding value that tissue has too
inline constexpr const char* below_air = "below_air";                // undeclared padding below -1024 HU, now -1024 HU
inline constexpr const char* clamped = "clamped";  // values that 16 signed bits do not hold, cut at the ends of CT
inline constexpr const char* rounded = "rounded";  // to whole HU, because nothing finer fits 16 signed bits
inline constexpr const char* extra_bytes = "extra_bytes";  // more pixel bytes than the picture needs
inline constexpr const char* lossy = "lossy";              // compressed with loss once
}  // namespace fix

}  // namespace io

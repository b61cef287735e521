#include "io/dicom/image_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "nn/core/error.h"

namespace io {
namespace {

constexpr std::string_view ct_storage = "1.2.840.10008.5.1.4.1.1.2";
constexpr std::string_view secondary_capture = "1.2.840.10008.5.1.4.1.1.7";  // and its variants .7.1 to .7.4

/// ImageType's third and later values of maps that scanners and workstations compute from CT.
constexpr std::array<std::string_view, 27> map_types = {"PERFUSION", "PERFUSION_MAP", "PARAMETRIC", "PARAMETRIC_MAP",
                                                        "MAP",       "CBF",           "RCBF",       "CBV",
                                                        "RCBV",      "MTT",           "RMTT",       "TTP",
                                                        "TTD",       "TMAX",          "TTS",        "TTM",
                                                        "PBV",       "PBP",           "PS",         "MIP",
                                                        "MINIP",     "EFFECTIVE_Z",   "Z_EFF",      "ED",
                                                        "IODINE",    "VNC",           "MATERIAL"};

/// RescaleType (DICOM PS3.3 C.11.1.1.2) of numbers that are no Hounsfield units.
constexpr std::array<std::string_view, 7> other_units = {"OD", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT"};

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& letter : result) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return result;
}

bool contains(const auto& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// The number after the letters: 60 of "Hr60f\3", 0 if there is none.
int number_in(std::string_view kernel) {
  const std::size_t digit = kernel.find_first_of("0123456789");
  return digit == std::string_view::npos ? 0 : std::atoi(std::string(kernel.substr(digit, 4)).c_str());
}

}  // namespace

std::optional<Reason> why_skipped(const ImageKind& kind) {
  const bool is_ct = kind.modality == "CT" || (kind.modality.empty() && kind.sop_class == ct_storage);
  if (!is_ct) return Reason{skip::not_ct, "Modality is " + (kind.modality.empty() ? "missing" : kind.modality)};

  std::vector<std::string> types;
  for (const std::string& type : kind.image_type) types.push_back(upper(type));
  if (contains(types, "LOCALIZER")) return Reason{skip::localizer, "ImageType says LOCALIZER: a scout"};
  if ((types.size() > 1 && types[1] == "SECONDARY") || kind.sop_class.starts_with(secondary_capture)) {
    return Reason{skip::secondary, "ImageType says SECONDARY: made from other images, a screen shot or report"};
  }
  for (std::size_t i = 2; i < types.size(); ++i) {
    if (contains(map_types, types[i]))
      return Reason{skip::derived_map, "ImageType says " + types[i] + ": a computed map"};
  }
  if (contains(other_units, upper(kind.rescale_type))) {
    return Reason{skip::derived_map, "RescaleType says " + upper(kind.rescale_type) + ": no Hounsfield units"};
  }
  const std::string photometric = upper(kind.photometric);
  if (kind.samples_per_pixel > 1) {
    return Reason{skip::colour, nn::message("has ", kind.samples_per_pixel, " samples a pixel: a colour picture")};
  }
  for (const std::string_view colours : {"RGB", "PALETTE", "YBR", "HSV", "ARGB", "CMYK"}) {
    if (photometric.starts_with(colours)) return Reason{skip::colour, "PhotometricInterpretation is colour"};
  }
  return std::nullopt;
}

bool is_bone_kernel(std::string_view kernel, std::string_view series_description) {
  const std::string name = upper(kernel);
  if (upper(series_description).find("BONE") != std::string::npos) return true;
  if (name.find("BONE") != std::string::npos || name.find("EDGE") != std::string::npos || name == "LUNG") return true;
  if (name == "D" || name == "E" || name == "YD" || name == "YE") return true;  // Philips, sharp
  const int number = number_in(name);
  // Toshiba and Canon: FC01 to FC29 and FC41 to FC49 soft, FC30 to FC39 bone, FC50 to FC89 lung and high resolution.
  if (name.starts_with("FC")) return number >= 30 && !(number >= 40 && number < 50);
  // Siemens: a letter for the body part (head, body, ...), the sharpness as a number: H31s, Hr60f, J70h.
  const bool is_siemens = !name.empty() && std::string_view("HBJUTIQ").find(name[0]) != std::string_view::npos &&
                          name.find_first_of("0123456789") <= 2;
  return is_siemens && number >= 60 && number <= 99;
}

bool names_contrast_agent(std::string_view agent) {
  const std::string name = upper(agent);
  return !name.empty() && name != "NO" && name != "NONE" && name != "N" && name != "NATIVE" && name != "WITHOUT";
}

bool is_thin(double thickness_mm) { return thickness_mm > 0 && thickness_mm <= 2; }

}  // namespace io

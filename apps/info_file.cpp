#include <fmt/format.h>

#include "apps/info.h"
#include "apps/info_parts.h"
#include "io/dicom/dicom_reader.h"
#include "io/dicom/reason.h"
#include "io/files/weight_format.h"
#include "io/pictures/picture_reader.h"
#include "train/data/pseudonym.h"
#include "train/ensemble/ensemble_directory.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

Facts describe_picture(const fs::path& path) {
  const io::Picture picture = io::read_picture(path.string());
  Facts facts;
  facts.add("kind", "picture");
  facts.add("rows", static_cast<std::int64_t>(picture.height));
  facts.add("columns", static_cast<std::int64_t>(picture.width));
  return facts;
}

void add_header(Facts& facts, const io::SliceHeader& header) {
  facts.add("image", header.image_id);
  facts.add("series", header.series_uid);
  facts.add("study", header.study_uid);
  facts.add("patient (hash)", header.patient_id.empty() ? "" : train::pseudonym(header.patient_id));
  facts.add("transfer syntax", header.transfer_syntax);
  facts.add("rows", std::int64_t{header.rows});
  facts.add("columns", std::int64_t{header.columns});
  if (header.pixel_spacing) {
    facts.add("pixel spacing mm",
              fmt::format("{:.6g} x {:.6g}", (*header.pixel_spacing)[0], (*header.pixel_spacing)[1]));
  }
  if (header.slice_thickness) facts.add("slice thickness mm", *header.slice_thickness);
  if (header.position) facts.add("position mm", header.position_mm);
  facts.add("windows", window_list(header.windows));
  std::vector<std::string> flags;
  for (const auto& [set, name] : {std::pair{header.contrast, "contrast"},
                                  {header.bone_kernel, "bone kernel"},
                                  {header.thin_slice, "thin slice"},
                                  {header.lossy, "lossy"}}) {
    if (set) flags.emplace_back(name);
  }
  facts.add("flags", flags);
}

Facts describe_dicom(const fs::path& path) {
  const io::CtSlice slice = io::read_slice(path.string());
  Facts facts;
  facts.add("kind", "CT slice");
  add_header(facts, slice.header);
  facts.add("HU", fmt::format("{:g} * value + {:g}", slice.slope, slice.intercept));
  for (const io::Reason& reason : slice.header.reasons) facts.add("fix " + reason.code, reason.detail);
  return facts;
}

Facts describe_rejected(const io::FileRejected& rejected) {
  Facts facts;
  facts.add("kind", "not usable");
  facts.add(io::name(rejected.kind()), rejected.code());
  facts.add("detail", rejected.detail());
  return facts;
}

/// Also one of the usual name that turns out to be something else: what it is then is worth a line of its own.
bool is_weight_file(const fs::path& path) {
  return path.extension() == ".safetensors" || path.extension() == ".h5" || io::find_weight_format(path);
}

/// Not what a defective image is (exit code 3): there is nothing to describe.
[[noreturn]] void refuse(const fs::path& path) {
  const fs::path folder = fs::absolute(path).parent_path();
  if (fs::exists(train::RunDirectory{folder}.config())) {
    throw nn::Error(nn::message(path.string(), ": is part of a run; falx info ", folder.string(), " describes it"));
  }
  const std::string other = io::why_no_weights(path);
  throw nn::Error(nn::message(
      path.string(), ": ",
      other.empty() ? "is no weight file (.safetensors, Keras .h5), no DICOM file and no PNG or JPEG" : other));
}

}  // namespace

ExitCode print_file(const fs::path& path, bool json) {
  try {
    const Facts facts = train::is_ensemble(path)        ? describe_ensemble(path)
                        : fs::is_directory(path)        ? describe_run({path})
                        : is_weight_file(path)          ? describe_weights(path)
                        : io::is_picture(path.string()) ? describe_picture(path)
                                                        : describe_dicom(path);
    facts.print(json);
    return done;
  } catch (const io::FileRejected& rejected) {
    if (rejected.code() == io::skip::not_dicom) refuse(path);
    describe_rejected(rejected).print(json);
    return rejected.kind() == io::RejectedFile::Kind::rejected ? done_with_rejected : done;
  }
}

}  // namespace apps

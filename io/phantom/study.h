// One study from its numbers to its pictures: patient, scanner, bleeds, and each slice with header and truth.
#pragma once

#include <cstdint>

#include "io/phantom/blood_mask.h"
#include "io/phantom/dicom_writer.h"
#include "io/phantom/hemorrhage.h"
#include "io/phantom/noise_tile.h"
#include "io/phantom/patient.h"
#include "io/phantom/renderer.h"
#include "io/phantom/scan.h"

namespace io::phantom {

/// Studies of one patient have numbers of their own: 4 * patient, 4 * patient + 1, ...
inline constexpr std::uint64_t most_studies = 4;
/// And images: the slices of one study stay below this.
inline constexpr std::uint64_t most_slices = 4096;

/// 1 for most patients, 2 or 3 for some.
int draw_study_count(std::uint64_t seed, std::uint64_t patient);

struct MadeSlice {
  DicomImage image;
  BloodMask mask;
};

class Study {
 public:
  struct Request {
    std::uint64_t seed = 0, patient = 0;
    int study = 0;  // of this patient, from 0
    int size = 512, slices = 24;
    Prevalence prevalence = Prevalence::teaching;
  };
  Study(const Request& request, const NoiseTile& noise);
  Study(const Study&) = delete;
  Study& operator=(const Study&) = delete;

  /// Safe to call from several threads at once.
  MadeSlice make(int slice) const;
  /// The same slice by a sharp kernel: crisp bone, noisy brain. For --traps.
  MadeSlice make_sharp(int slice) const;

  const Request& request() const { return request_; }
  const Patient& patient() const { return patient_; }
  const Scan& scan() const { return scan_; }
  const Hemorrhages& hemorrhages() const { return hemorrhages_; }
  /// Over the whole data set; the same for every prevalence.
  std::uint64_t number() const { return request_.patient * most_studies + static_cast<std::uint64_t>(request_.study); }
  std::string patient_id() const;
  std::string study_uid() const;
  std::string series_uid() const;

 private:
  MadeSlice make(int slice, const Scan& scan, std::uint64_t series) const;

  Request request_;
  Patient patient_;
  HeaderStyle style_;
  Scan scan_;
  Hemorrhages hemorrhages_;
  Renderer renderer_;  // refers to the members above
};

}  // namespace io::phantom

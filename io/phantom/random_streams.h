// Which stream of random numbers serves what. Streams are independent (counter-based), so that a change in one part
// of the generator, a label say, cannot move a number in another, a header or the noise.
#pragma once

#include <cstdint>

#include "nn/core/philox.h"

namespace io::phantom {

enum class Stream : std::uint32_t {
  noise_tile = 0x70680001,  // the texture all organs are roughened with
  patient,                  // anatomy of a patient
  dense_details,            // calcifications and vessels of a patient
  sickness,                 // which hemorrhages a study has
  hemorrhage,               // the shape of one hemorrhage
  site,                     // the scanner: kernel, dose, table
  header_style,
  study_count,    // of a patient
  study,          // how the head lies in the scanner
  quantum_noise,  // of one slice
  streaks,        // of one slice
  identity,       // UIDs
  order,          // of files and rows
  defects,
  traps,
};

inline nn::Random stream(std::uint64_t seed, Stream purpose, std::uint64_t index = 0) {
  return nn::Random(seed, static_cast<std::uint32_t>(purpose), index);
}

}  // namespace io::phantom

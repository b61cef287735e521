// What is dense in a head without any bleed, and small: calcifications and the big arteries at the base.
// Patients with and without bleeds have them alike: the stream of random numbers never hears of labels.
#pragma once

#include <cstdint>
#include <vector>

#include "io/phantom/patient.h"

namespace io::phantom {

std::vector<DenseDetail> draw_dense_details(std::uint64_t seed, std::uint64_t patient_index, const Patient& patient);

/// Signed distance to a detail, before its raggedness.
float distance(const DenseDetail& detail, Point p);

}  // namespace io::phantom

// What the scanner adds to the rendered head: blur of its kernel, streaks behind dense bone, grainy noise.
#pragma once

#include <cstdint>
#include <vector>

#include "io/phantom/renderer.h"
#include "io/phantom/scan.h"

namespace io::phantom {

/// The slice in whole HU within [-1024, 3071], size * size. `slice_index` counts over the whole data set and chooses
/// the noise.
std::vector<std::int16_t> detect(const RenderedSlice& rendered, const Scan& scan, std::uint64_t seed,
                                 std::uint64_t slice_index);

/// Noise alone, standard deviation 1: what the kernel leaves of white noise, grains of about `grain` pixels without the
/// slow waves (a ramp filter has no gain at zero frequency).
std::vector<float> grainy_noise(int size, float grain, std::uint64_t seed, std::uint64_t slice_index);

}  // namespace io::phantom

// Augmentation of training images: what is changed, and by how much, is drawn here; nn/kernels/ct_input.h does it.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/core/philox.h"

namespace train {

/// How strongly images may be changed. The defaults stay within what differs between patients and scanners.
struct AugmentStrength {
  double flip_chance = 0.5;        // left and right exchanged; never upside down: no head is scanned that way
  double max_shift = 0.05;         // of the picture's side, each way
  double max_scale = 0.1;          // 0.9 to 1.1 times the size
  double max_rotation = 10;        // degrees, each way: how askew heads lie
  double noise_chance = 0.5;       // of adding noise at all
  double max_noise = 4;            // HU, standard deviation; brain in real slices has 1.9 to 4.2
  double max_window_shift = 0.05;  // of the window's width, each way
  double max_window_scale = 0.1;   // 0.9 to 1.1 times the width
  double reverse_chance = 0.5;     // slices s+1, s, s-1 instead of s-1, s, s+1
};

/// A window's change: centre + shift * width, and width * scale.
struct WindowJitter {
  double shift = 0, scale = 1;
};

/// What happens to one image. The default is nothing: validation and prediction.
struct Augmentation {
  bool flip = false;
  double shift_x = 0, shift_y = 0;  // of the picture's side; positive moves what is seen right and down
  double scale = 1;                 // above 1 makes what is seen larger
  double rotation = 0;              // radians; positive turns what is seen clockwise
  double noise = 0;                 // HU, standard deviation
  std::uint32_t noise_key[2] = {};  // Philox key of the noise; see nn/functors/ct_input.h
  bool reverse_slices = false;
  std::vector<WindowJitter> windows{};  // one a window; empty: none is changed
};

/// Drawn from (seed, epoch, image) alone: the same by any number of workers, and after resuming.
Augmentation draw_augmentation(const AugmentStrength& strength, std::size_t windows, std::uint64_t seed, int epoch,
                               std::size_t image);

}  // namespace train

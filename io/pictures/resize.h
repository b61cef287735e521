// Pictures in another size, as training pipelines of natural images do it.
#pragma once

#include "io/pictures/picture.h"

namespace io {

/// Bilinear with antialiasing: when shrinking, the triangle is as wide as the new pixel, so that every old pixel
/// counts. The filter of Pillow's BILINEAR, first along rows, then along columns, rounded to 8 bits after each: within
/// one grey level of it.
Picture resize(const Picture& picture, int width, int height);

/// The `width` x `height` pixels in the middle, as torchvision cuts them. Throws nn::Error if the picture is smaller.
Picture centre_crop(const Picture& picture, int width, int height);

}  // namespace io

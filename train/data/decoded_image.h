// An image as it waits in memory for the network's input: stored values, and what they mean.
#pragma once

#include <cstddef>
#include <string>

#include "io/dicom/slice.h"
#include "io/pictures/picture.h"
#include "nn/tensor/tensor.h"

namespace train {

/// DICOM slices and pictures (PNG, JPEG) never mix: a model is trained on one kind and reads one kind.
enum class ImageKind { dicom, pictures };

const char* name(ImageKind kind);

/// HU = slope * value + intercept. Of pictures, "HU" is the brightness, 0 to 255.
struct DecodedImage {
  nn::Tensor pixels;  // i16 {1, rows, columns, planes}: a slice has 1 plane, a picture 3 (red, green, blue)
  double slope = 1, intercept = 0;
  double aspect = 1;  // millimetres from row to row over millimetres from column to column

  bool compressed = false;  // in its file: decoding took a while

  std::size_t bytes() const { return static_cast<std::size_t>(pixels.elements()) * nn::size_of(pixels.dtype()); }
};

DecodedImage decoded_image(const io::CtSlice& slice);
/// Grey pictures become three equal planes.
DecodedImage decoded_image(const io::Picture& picture);

/// Reads a file. Throws io::FileRejected.
DecodedImage decode_image(const std::string& path, ImageKind kind);

/// Of the pixels, slope and intercept: equal pictures have equal hashes (64-bit FNV-1a over words).
std::uint64_t pixel_hash(const DecodedImage& image);

}  // namespace train

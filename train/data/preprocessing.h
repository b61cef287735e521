// How images become the network's input. Stored in the model file; training and prediction follow it by the same code.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/dicom/slice.h"
#include "nn/tensor/tensor.h"
#include "train/data/augment.h"
#include "train/data/decoded_image.h"

namespace train {

/// What the channels are: one slice in several windows, or slices s-1, s, s+1 in one window.
enum class InputKind { windows, slices };

const char* name(InputKind kind);

/// The windows everybody uses (centre / width in HU).
inline constexpr io::GreyWindow brain_window{40, 80}, subdural_window{80, 200}, soft_tissue_window{40, 380},
    bone_window{600, 2800};
/// The whole range of a picture's brightness.
inline constexpr io::GreyWindow picture_window{127.5, 255};

inline constexpr std::size_t most_windows = 16;

/// The whole matrix is fitted into size x size, its middle in the middle, pixels square in millimetres; what lies
/// beside it is air.
struct Preprocessing {
  ImageKind images = ImageKind::dicom;
  InputKind input = InputKind::windows;
  int size = 256;                                                                             // pixels a side
  std::vector<io::GreyWindow> windows = {brain_window, subdural_window, soft_tissue_window};  // one for slices
  std::vector<double> mean, deviation;  // per channel: (value - mean) / deviation; empty: values stay in 0 .. 1

  /// The usual settings: three windows, or 80/200 for slices; pictures as they are.
  static Preprocessing defaults(ImageKind images, InputKind input, int size);

  /// Neighbours that one input needs: 3 for slices, else 1.
  int slices() const { return input == InputKind::slices ? 3 : 1; }
  int channels() const;
  /// Throws nn::Error naming the first setting that cannot be.
  void check() const;
};

/// A JSON object, without line ends.
std::string to_json(const Preprocessing& preprocessing);
/// Throws nn::Error for a missing key, a wrong type and an impossible value. Keys it does not know are passed over.
Preprocessing preprocessing_from_json(std::string_view json);

/// What nn::ct_input needs of one image.
struct RawImage {
  nn::Tensor slices;      // i16 {1, h, w, k}; shares a single slice's pixels, or holds several side by side
  nn::Tensor parameters;  // f64 {1, 1, 1, functors::ct_columns(windows)}
};
/// `slices` has preprocessing.slices() entries of one matrix, from the feet to the head.
RawImage raw_image(const Preprocessing& preprocessing, std::span<const DecodedImage* const> slices,
                   const Augmentation& augmentation);
/// f64 {1, 1, 1, channels} in page-locked memory; undefined if there are no values. For mean and deviation.
nn::Tensor channel_vector(std::span<const double> values);

/// Writes the input of one image into y {1, size, size, channels} (f32 or f64) on the CPU: the way from stored values
/// to the network, whole.
void prepare_input(const Preprocessing& preprocessing, std::span<const DecodedImage* const> slices,
                   const Augmentation& augmentation, const nn::Tensor& y);

}  // namespace train

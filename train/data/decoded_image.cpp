#include "train/data/decoded_image.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "io/dicom/dicom_reader.h"
#include "io/pictures/picture_reader.h"

namespace train {

const char* name(ImageKind kind) { return kind == ImageKind::dicom ? "dicom" : "pictures"; }

DecodedImage decoded_image(const io::CtSlice& slice) {
  const io::SliceHeader& header = slice.header;
  DecodedImage image;
  image.pixels = nn::Tensor::from<std::int16_t>({1, header.rows, header.columns, 1}, std::span(slice.pixels));
  image.slope = slice.slope;
  image.intercept = slice.intercept;
  image.compressed = header.compressed;
  if (header.pixel_spacing) image.aspect = (*header.pixel_spacing)[0] / (*header.pixel_spacing)[1];
  return image;
}

DecodedImage decoded_image(const io::Picture& picture) {
  constexpr int planes = 3;
  DecodedImage image;
  image.compressed = true;
  image.pixels = nn::Tensor::empty({1, picture.height, picture.width, planes}, nn::DType::i16);
  std::int16_t* out = image.pixels.data<std::int16_t>();
  const std::int64_t pixels = image.pixels.rows();
  for (std::int64_t i = 0; i < pixels; ++i) {
    const std::uint8_t* pixel = picture.pixels.data() + i * picture.channels;
    for (int plane = 0; plane < planes; ++plane) *out++ = pixel[std::min(plane, picture.channels - 1)];
  }
  return image;
}

DecodedImage decode_image(const std::string& path, ImageKind kind) {
  return kind == ImageKind::dicom ? decoded_image(io::read_slice(path)) : decoded_image(io::read_picture(path, 3));
}

std::uint64_t pixel_hash(const DecodedImage& image) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto add = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0x100000001b3U;
    hash ^= hash >> 32U;  // whole words go in, so the upper half must reach the lower
  };
  add(static_cast<std::uint64_t>(image.pixels.h()));
  add(static_cast<std::uint64_t>(image.pixels.w()));
  add(std::bit_cast<std::uint64_t>(image.slope));
  add(std::bit_cast<std::uint64_t>(image.intercept));
  const auto* bytes = static_cast<const char*>(image.pixels.raw());
  for (std::size_t at = 0; at < image.bytes(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + at, std::min(sizeof word, image.bytes() - at));
    add(word);
  }
  return hash;
}

}  // namespace train

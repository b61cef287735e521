#include "io/dicom/jpeg2000.h"

#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "nn/core/error.h"

namespace io {
namespace {

/// What OpenJPEG reads from; a position in bytes that belong to the caller.
struct Source {
  std::string_view bytes;
  std::size_t at = 0;
};

constexpr auto end_of_stream = static_cast<OPJ_SIZE_T>(-1);

OPJ_SIZE_T read_bytes(void* buffer, OPJ_SIZE_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const std::size_t read = std::min(count, source.bytes.size() - source.at);
  if (read == 0) return end_of_stream;
  std::memcpy(buffer, source.bytes.data() + source.at, read);
  source.at += read;
  return read;
}

OPJ_OFF_T skip_bytes(OPJ_OFF_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (count < 0) return -1;
  const std::size_t skipped = std::min(static_cast<std::size_t>(count), source.bytes.size() - source.at);
  source.at += skipped;
  return static_cast<OPJ_OFF_T>(skipped);
}

OPJ_BOOL seek_bytes(OPJ_OFF_T position, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (position < 0 || static_cast<std::size_t>(position) > source.bytes.size()) return OPJ_FALSE;
  source.at = static_cast<std::size_t>(position);
  return OPJ_TRUE;
}

/// OpenJPEG tells what is wrong only through a callback: the first message is kept.
void keep_first_message(const char* text, void* user) {
  auto& message = *static_cast<std::string*>(user);
  if (message.empty()) message = text;
  while (!message.empty() && message.back() == '\n') message.pop_back();
}

void ignore_message(const char*, void*) {}

struct Destroy {
  void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
  void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};
struct DestroyStream {  // opj_stream_t and opj_codec_t are both void*
  void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};

/// A .jp2 file starts with its signature box, a bare code stream with the marker SOC.
OPJ_CODEC_FORMAT format_of(std::string_view bytes) {
  constexpr std::string_view signature("\0\0\0\x0cjP  ", 8);
  return bytes.substr(0, signature.size()) == signature ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K;
}

void check_picture(const opj_image_t& image, int rows, int columns) {
  NN_CHECK(image.numcomps == 1, "JPEG 2000: expected 1 component, the stream has ", image.numcomps);
  const opj_image_comp_t& grey = image.comps[0];
  NN_CHECK(grey.w == static_cast<OPJ_UINT32>(columns) && grey.h == static_cast<OPJ_UINT32>(rows),
           "JPEG 2000: expected ", columns, " x ", rows, " pixels, the stream has ", grey.w, " x ", grey.h);
  NN_CHECK(grey.prec >= 1 && grey.prec <= 16, "JPEG 2000: expected 1 to 16 bits, the stream has ", grey.prec);
}

}  // namespace

Jpeg2000Picture decode_jpeg2000(std::string_view bytes, int rows, int columns) {
  Source source{.bytes = bytes};
  const std::unique_ptr<opj_stream_t, DestroyStream> stream(opj_stream_default_create(OPJ_TRUE));
  const std::unique_ptr<opj_codec_t, Destroy> codec(opj_create_decompress(format_of(bytes)));
  NN_CHECK(stream && codec, "JPEG 2000: the decoder could not be made");
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), bytes.size());
  opj_stream_set_read_function(stream.get(), read_bytes);
  opj_stream_set_skip_function(stream.get(), skip_bytes);
  opj_stream_set_seek_function(stream.get(), seek_bytes);

  std::string message;
  opj_set_error_handler(codec.get(), keep_first_message, &message);
  opj_set_warning_handler(codec.get(), ignore_message, nullptr);
  opj_set_info_handler(codec.get(), ignore_message, nullptr);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  NN_CHECK(opj_setup_decoder(codec.get(), &parameters), "JPEG 2000: ", message);
  // A picture with missing parts is a defect here, not something to show as far as it goes.
  NN_CHECK(opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE), "JPEG 2000: ", message);

  opj_image_t* decoded = nullptr;
  const bool header_read = opj_read_header(stream.get(), codec.get(), &decoded);
  const std::unique_ptr<opj_image_t, Destroy> image(decoded);
  NN_CHECK(header_read && image, "JPEG 2000: ", message);
  check_picture(*image, rows, columns);
  NN_CHECK(opj_decode(codec.get(), stream.get(), image.get()) && image->comps[0].data != nullptr,
           "JPEG 2000: ", message);
  check_picture(*image, rows, columns);

  const opj_image_comp_t& grey = image->comps[0];
  const std::size_t count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  return {.rows = rows,
          .columns = columns,
          .bits = static_cast<int>(grey.prec),
          .is_signed = grey.sgnd != 0,
          .values = std::vector<std::int32_t>(grey.data, grey.data + count)};
}

}  // namespace io

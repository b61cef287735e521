#include "tests/io/dicom/jpeg2000_encoder.h"

#include <openjpeg-2.5/openjpeg.h>

#include <cstring>
#include <stdexcept>

namespace test {
namespace {

struct Sink {
  std::string bytes;
  std::size_t at = 0;
};

OPJ_SIZE_T write_bytes(void* buffer, OPJ_SIZE_T count, void* user) {
  auto& sink = *static_cast<Sink*>(user);
  if (sink.bytes.size() < sink.at + count) sink.bytes.resize(sink.at + count);
  std::memcpy(sink.bytes.data() + sink.at, buffer, count);
  sink.at += count;
  return count;
}

OPJ_OFF_T skip_bytes(OPJ_OFF_T count, void* user) {
  static_cast<Sink*>(user)->at += static_cast<std::size_t>(count);
  return count;
}

OPJ_BOOL seek_bytes(OPJ_OFF_T position, void* user) {
  static_cast<Sink*>(user)->at = static_cast<std::size_t>(position);
  return OPJ_TRUE;
}

}  // namespace

std::string encode_jpeg2000(const GreyLevels& picture) {
  std::vector<opj_image_cmptparm_t> components(static_cast<std::size_t>(picture.components));
  for (opj_image_cmptparm_t& component : components) {
    component = {};
    component.dx = component.dy = 1;
    component.w = static_cast<OPJ_UINT32>(picture.columns);
    component.h = static_cast<OPJ_UINT32>(picture.rows);
    component.prec = static_cast<OPJ_UINT32>(picture.bits);
    component.sgnd = picture.is_signed;
  }
  opj_image_t* image = opj_image_create(static_cast<OPJ_UINT32>(components.size()), components.data(), OPJ_CLRSPC_GRAY);
  image->x1 = components[0].w;
  image->y1 = components[0].h;
  for (std::size_t c = 0; c < components.size(); ++c) {
    for (std::size_t i = 0; i < picture.values.size(); ++i) image->comps[c].data[i] = picture.values[i];
  }
  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.numresolution = 2;  // a small picture has no room for six
  parameters.tcp_numlayers = 1;
  parameters.cp_disto_alloc = 1;
  opj_codec_t* codec = opj_create_compress(OPJ_CODEC_J2K);
  Sink sink;
  opj_stream_t* stream = opj_stream_default_create(OPJ_FALSE);
  opj_stream_set_user_data(stream, &sink, nullptr);
  opj_stream_set_write_function(stream, write_bytes);
  opj_stream_set_skip_function(stream, skip_bytes);
  opj_stream_set_seek_function(stream, seek_bytes);
  const bool encoded = opj_setup_encoder(codec, &parameters, image) && opj_start_compress(codec, image, stream) &&
                       opj_encode(codec, stream) && opj_end_compress(codec, stream);
  opj_stream_destroy(stream);
  opj_destroy_codec(codec);
  opj_image_destroy(image);
  if (!encoded) throw std::runtime_error("the picture could not be encoded");
  return sink.bytes;
}

}  // namespace test

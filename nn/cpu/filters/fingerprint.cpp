// Compiled once per instruction set; the fingerprint is the same with each.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/filters/fingerprint.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "nn/core/parallel.h"
#include "nn/cpu/filters/fingerprint.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Words fall in turn to so many states, which need not wait for each other; a block has a word for each.
constexpr std::size_t states_count = 32, block_bytes = states_count * sizeof(std::uint64_t), vectors = 4;
using Words = hn::CappedTag<std::uint64_t, states_count / vectors>;

/// For a given state no two words give the same, and the other way round: a multiplication by an odd number can be
/// undone, and so can a shift, which brings the upper bits down to where they are multiplied. Of each there are two: a
/// sign is bit 63, which the first product leaves alone and the first shift copies to bit 31, the sign beside it. Only
/// the second product and shift spread it over the state, so that no change of signs in the words to come takes it
/// back.
constexpr std::uint64_t multiplier = 0x9e3779b97f4a7c15U, second_multiplier = 0xbf58476d1ce4e5b9U;
HWY_INLINE hn::Vec<Words> shifted_down(hn::Vec<Words> words) { return hn::Xor(words, hn::ShiftRight<32>(words)); }
HWY_INLINE hn::Vec<Words> mixed(hn::Vec<Words> state, hn::Vec<Words> words) {
  const auto once = shifted_down(hn::Xor(state, words) * hn::Set(Words(), multiplier));
  return shifted_down(once * hn::Set(Words(), second_multiplier));
}
std::uint64_t shifted_down(std::uint64_t word) { return word ^ (word >> 32U); }
std::uint64_t mixed(std::uint64_t state, std::uint64_t word) {
  return shifted_down(shifted_down((state ^ word) * multiplier) * second_multiplier);
}

/// From any address.
HWY_INLINE hn::Vec<Words> words_at(const unsigned char* from) {
#if HWY_TARGET == HWY_SCALAR
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return hn::Set(Words(), word);
#else
  return hn::BitCast(Words(), hn::LoadU(hn::Repartition<std::uint8_t, Words>(), from));
#endif
}

void mix_blocks(const unsigned char* from, std::size_t blocks, std::uint64_t* states) {
  const Words d;
  const std::size_t lanes = hn::Lanes(d), bytes = lanes * sizeof(std::uint64_t);
  for (std::size_t first = 0; first < states_count; first += vectors * lanes) {
    std::uint64_t* to = states + first;
    auto s0 = hn::LoadU(d, to), s1 = hn::LoadU(d, to + lanes), s2 = hn::LoadU(d, to + 2 * lanes),
         s3 = hn::LoadU(d, to + 3 * lanes);
    for (std::size_t block = 0; block < blocks; ++block) {
      const unsigned char* at = from + block * block_bytes + first * sizeof(std::uint64_t);
      s0 = mixed(s0, words_at(at));
      s1 = mixed(s1, words_at(at + bytes));
      s2 = mixed(s2, words_at(at + 2 * bytes));
      s3 = mixed(s3, words_at(at + 3 * bytes));
    }
    hn::StoreU(s0, d, to);
    hn::StoreU(s1, d, to + lanes);
    hn::StoreU(s2, d, to + 2 * lanes);
    hn::StoreU(s3, d, to + 3 * lanes);
  }
}

}  // namespace

std::uint64_t fingerprint_of_piece(const unsigned char* bytes, std::size_t count) {
  std::array<std::uint64_t, states_count> states;
  for (std::size_t i = 0; i < states_count; ++i) states[i] = i;
  const std::size_t blocks = count / block_bytes, rest = count % block_bytes;
  mix_blocks(bytes, blocks, states.data());
  if (rest > 0) {
    std::array<unsigned char, block_bytes> last{};
    std::memcpy(last.data(), bytes + blocks * block_bytes, rest);
    mix_blocks(last.data(), 1, states.data());
  }
  std::uint64_t all = count;
  for (const std::uint64_t state : states) all = mixed(all, state);
  return all;
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(fingerprint_of_piece);

std::uint64_t fingerprint(const void* data, std::size_t bytes) {
  constexpr std::size_t piece = std::size_t{1} << 16U;
  const auto* from = static_cast<const unsigned char*>(data);
  std::vector<std::uint64_t> pieces((bytes + piece - 1) / piece);
  parallel_for(0, static_cast<std::int64_t>(pieces.size()), 1, [&](std::int64_t first, std::int64_t last) {
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
      pieces[i] = HWY_DYNAMIC_DISPATCH(fingerprint_of_piece)(from + i * piece, std::min(piece, bytes - i * piece));
    }
  });
  if (pieces.size() == 1) return pieces[0];
  const std::size_t pieces_bytes = pieces.size() * sizeof(std::uint64_t);
  return HWY_DYNAMIC_DISPATCH(fingerprint_of_piece)(reinterpret_cast<const unsigned char*>(pieces.data()),
                                                    pieces_bytes);
}

}  // namespace nn::cpu
#endif

#include "tests/nn/cpu/bf16/amx_emulator.h"

#if defined(__x86_64__) && defined(__linux__)
#include <signal.h>
#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "nn/core/bfloat16.h"

namespace nn::test {
namespace {

struct Tile {
  std::uint8_t rows[16][64];
};
struct Tiles {
  bool configured = false;
  Tile tile[8];
};
thread_local Tiles tiles;

std::atomic<long> product_count{0};
std::atomic<bool> rightly{true};
struct sigaction handler_before {};

/// The general registers by the numbers that instructions have for them.
std::int64_t register_of(const ucontext_t& context, int number) {
  static constexpr int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return context.uc_mcontext.gregs[order[number]];
}

template <class T>
T read(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

enum class Prefix { none = 0, x66 = 1, xf3 = 2, xf2 = 3 };

/// An instruction VEX.128.map2.W0: C4, two bytes of VEX, opcode, ModRM, and what belongs to an address.
struct Instruction {
  Prefix prefix;
  int opcode, mod, reg, rm, vvvv;
  std::int64_t address = 0, pitch = 0;  // of an operand in memory: base + displacement, index * scale
  int length = 0;
};

/// False if it is none of these.
bool decode(const ucontext_t& context, const std::uint8_t* at, Instruction& instruction) {
  if (at[0] != 0xc4 || (at[1] & 0x1f) != 2 || (at[2] & 0x84) != 0) return false;
  const int r = at[1] & 0x80 ? 0 : 8, x = at[1] & 0x40 ? 0 : 8, b = at[1] & 0x20 ? 0 : 8;
  instruction = {.prefix = static_cast<Prefix>(at[2] & 3),
                 .opcode = at[3],
                 .mod = at[4] >> 6,
                 .reg = (at[4] >> 3 & 7) + r,
                 .rm = at[4] & 7,
                 .vvvv = ~at[2] >> 3 & 15,
                 .length = 5};
  if (instruction.mod == 3) {
    instruction.rm += b;
    return true;
  }
  const std::uint8_t* rest = at + 5;
  int base = instruction.rm;
  bool has_base = true, relative = instruction.mod == 0 && base == 5;
  if (base == 4) {
    const int sib = *rest++;
    base = sib & 7;
    const int index = (sib >> 3 & 7) + x;
    if (index != 4) instruction.pitch = register_of(context, index) << (sib >> 6);
    has_base = !(base == 5 && instruction.mod == 0);
  }
  if (has_base && !relative) instruction.address = register_of(context, base + b);
  if (instruction.mod == 1) instruction.address += read<std::int8_t>(rest), rest += 1;
  if (instruction.mod == 2 || relative || !has_base) instruction.address += read<std::int32_t>(rest), rest += 4;
  instruction.length = static_cast<int>(rest - at);
  if (relative) instruction.address += reinterpret_cast<std::int64_t>(at) + instruction.length;
  return true;
}

bool is_zero(std::uint8_t byte) { return byte == 0; }

void configure(const std::uint8_t* memory) {
  bool right = memory[0] == 1 && memory[1] == 0;
  for (int t = 0; t < 8; ++t) right = right && read<std::uint16_t>(memory + 16 + 2 * t) == 64 && memory[48 + t] == 16;
  const auto zeros = [&](int begin, int end) { return std::all_of(memory + begin, memory + end, is_zero); };
  right = right && zeros(2, 16) && zeros(32, 48) && zeros(56, 64);  // reserved; else LDTILECFG faults
  if (!right || tiles.configured) rightly = false;
  std::memset(tiles.tile, 0, sizeof(tiles.tile));
  tiles.configured = true;
}

/// sum += a b, two depths after each other.
void multiply(Tile& sum, const Tile& a, const Tile& b) {
  const auto number = [](const std::uint8_t* at) {
    bfloat16 value;
    std::memcpy(&value, at, sizeof(value));
    return static_cast<float>(value);
  };
  for (int i = 0; i < 16; ++i) {
    for (int k = 0; k < 16; ++k) {
      for (int j = 0; j < 16; ++j) {
        float c = read<float>(&sum.rows[i][4 * j]);
        c += number(&a.rows[i][4 * k]) * number(&b.rows[k][4 * j]);
        c += number(&a.rows[i][4 * k + 2]) * number(&b.rows[k][4 * j + 2]);
        std::memcpy(&sum.rows[i][4 * j], &c, sizeof(c));
      }
    }
  }
  ++product_count;
}

bool execute(const Instruction& i) {
  auto* memory = reinterpret_cast<std::uint8_t*>(i.address);
  const bool in_memory = i.mod != 3;
  if (i.opcode == 0x49 && i.prefix == Prefix::none) {
    if (in_memory) {  // LDTILECFG
      configure(memory);
    } else {  // TILERELEASE
      tiles.configured = false;
    }
    return i.reg == 0;
  }
  if (!tiles.configured) rightly = false;
  if (i.reg > 7 || i.vvvv > 7) return false;
  Tile& tile = tiles.tile[i.reg];
  if (i.opcode == 0x49 && i.prefix == Prefix::xf2 && !in_memory) {  // TILEZERO
    std::memset(&tile, 0, sizeof(tile));
    return true;
  }
  if (i.opcode == 0x4b && in_memory) {  // TILELOADD, TILESTORED
    for (int row = 0; row < 16; ++row) {
      if (i.prefix == Prefix::xf2) std::memcpy(tile.rows[row], memory + row * i.pitch, 64);
      if (i.prefix == Prefix::xf3) std::memcpy(memory + row * i.pitch, tile.rows[row], 64);
    }
    return i.prefix == Prefix::xf2 || i.prefix == Prefix::xf3;
  }
  if (i.opcode == 0x5c && i.prefix == Prefix::xf3 && !in_memory && i.rm < 8) {  // TDPBF16PS
    multiply(tile, tiles.tile[i.rm], tiles.tile[i.vvvv]);
    return true;
  }
  return false;
}

void handle(int /*signal*/, siginfo_t* /*information*/, void* given) {
  auto& context = *static_cast<ucontext_t*>(given);
  greg_t& at = context.uc_mcontext.gregs[REG_RIP];
  Instruction instruction{};
  if (decode(context, reinterpret_cast<const std::uint8_t*>(at), instruction) && execute(instruction)) {
    at += instruction.length;
  } else {
    signal(SIGILL, SIG_DFL);  // the instruction runs again, and ends the program
  }
}

}  // namespace

bool AmxEmulator::is_possible() { return true; }

AmxEmulator::AmxEmulator() {
  product_count = 0;
  rightly = true;
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, &handler_before);
}

AmxEmulator::~AmxEmulator() { sigaction(SIGILL, &handler_before, nullptr); }

long AmxEmulator::products() { return product_count; }
bool AmxEmulator::configured_rightly() { return rightly; }

}  // namespace nn::test
#else
namespace nn::test {

bool AmxEmulator::is_possible() { return false; }
AmxEmulator::AmxEmulator() = default;
AmxEmulator::~AmxEmulator() = default;
long AmxEmulator::products() { return 0; }
bool AmxEmulator::configured_rightly() { return true; }

}  // namespace nn::test
#endif

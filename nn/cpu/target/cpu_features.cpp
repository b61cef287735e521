#include "nn/cpu/target/cpu_features.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace nn::cpu {
namespace {

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

/// The CPUID instruction; zeros for a leaf that this CPU does not have.
Registers cpuid(unsigned leaf, unsigned part) {
  Registers r;
  if (__get_cpuid_count(leaf, part, &r.a, &r.b, &r.c, &r.d) == 0) return {};
  return r;
}

constexpr bool has_bit(std::uint64_t word, unsigned bit) { return (word >> bit & 1U) != 0; }

/// The registers that the operating system keeps for threads (XCR0), a bit for each kind.
std::uint64_t kept_registers() {
  if (!has_bit(cpuid(1, 0).c, 27)) return 0;  // no XGETBV
  std::uint32_t low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32U | low;
}

constexpr std::uint64_t avx512_registers = 0xe6;                  // XMM, YMM, masks, both parts of ZMM
constexpr std::uint64_t amx_registers = std::uint64_t{3} << 17U;  // the tiles' configuration and data

/// Threads have no room for 8 KiB of tiles before the process has asked (Linux, Documentation/arch/x86/xstate.rst).
bool linux_allows_amx() {
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

}  // namespace

bool has_avx512_bf16() {
  static const bool has = [] {
    const Registers features = cpuid(7, 0);
    const bool avx512 = has_bit(features.b, 16) && has_bit(features.b, 30) && has_bit(features.b, 31);  // F, BW, VL
    return avx512 && has_bit(cpuid(7, 1).a, 5) && (kept_registers() & avx512_registers) == avx512_registers;
  }();
  return has;
}

bool has_amx_bf16() {
  static const bool has = [] {
    const Registers features = cpuid(7, 0);
    const bool amx = has_bit(features.d, 22) && has_bit(features.d, 24);  // AMX-BF16, AMX-TILE
    return amx && (kept_registers() & amx_registers) == amx_registers && linux_allows_amx();
  }();
  return has;
}

}  // namespace nn::cpu
#else
namespace nn::cpu {

bool has_avx512_bf16() { return false; }
bool has_amx_bf16() { return false; }

}  // namespace nn::cpu
#endif

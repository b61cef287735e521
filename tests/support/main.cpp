// The main of every test program: GoogleTest's, after a look at the environment.
#include <gtest/gtest.h>

#include <cstdio>

#include "nn/core/error.h"
#include "nn/cpu/environment.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  try {
    nn::cpu::check_environment();
  } catch (const nn::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return RUN_ALL_TESTS();
}

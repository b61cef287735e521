// What setting up a run does to the settings of the process.
#include "train/compute.h"

#include <gtest/gtest.h>

#include "nn/cpu/bf16/product_precision.h"

namespace {

TEST(SetUp, TrainingMultipliesInF32WhateverWasSetBefore) {
  nn::cpu::set_product_precision("portable_bf16");
  train::set_up({.device = "cpu"}, train::Work::training);
  EXPECT_EQ(nn::cpu::product_precision(), "f32");
}

}  // namespace

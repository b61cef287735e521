#include "cuda/launch/launch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "cuda/launch/row_reduction.h"

namespace {

TEST(Divisor, IsExactForEveryKindOfNumber) {
  const std::vector<std::uint32_t> divisors = {1,
                                               2,
                                               3,
                                               5,
                                               6,
                                               7,
                                               8,
                                               11,
                                               24,
                                               100,
                                               255,
                                               256,
                                               1000,
                                               65535,
                                               65537,
                                               (1U << 30U) - 1,
                                               (1U << 30U) + 1,
                                               (1U << 31U) - 1,
                                               1U << 31U};
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t n = 0; n < 3000; ++n) numbers.push_back(n);
  for (const std::uint32_t d : divisors) {
    for (const std::uint32_t k : {1U, 2U, 77U, 4099U}) {
      const std::uint64_t multiple = std::uint64_t{d} * k;
      for (const std::uint64_t n : {multiple - 1, multiple, multiple + 1}) {
        if (n < (std::uint64_t{1} << 31U)) numbers.push_back(static_cast<std::uint32_t>(n));
      }
    }
  }
  numbers.push_back((1U << 31U) - 1);
  for (const std::uint32_t d : divisors) {
    const cuda::Divisor divisor(d);
    for (const std::uint32_t n : numbers) {
      ASSERT_EQ(divisor.quotient(n), n / d) << n << " / " << d;
      ASSERT_EQ(divisor.remainder(n), n % d) << n << " % " << d;
    }
  }
}

TEST(Divisor, IsExactForAllSmallNumbers) {
  for (std::uint32_t d = 1; d < 300; ++d) {
    const cuda::Divisor divisor(d);
    for (std::uint32_t n = 0; n < 1500; ++n) ASSERT_EQ(divisor.quotient(n), n / d) << n << " / " << d;
  }
}

TEST(VectorsFit, AsksForAlignedRowsOfEveryTensor) {
  using cuda::vectors_fit;
  EXPECT_TRUE(vectors_fit(64, 10, 8, 2, 8));
  EXPECT_TRUE(vectors_fit(64, 10, 24, 2, 8));
  EXPECT_FALSE(vectors_fit(64, 10, 20, 2, 8)) << "the second row begins 40 bytes on";
  EXPECT_FALSE(vectors_fit(66, 10, 8, 2, 8)) << "a slice that begins with an odd channel";
  EXPECT_TRUE(vectors_fit(64, 1, 7, 2, 8)) << "a single row has no second one";
  EXPECT_TRUE(vectors_fit(48, 10, 4, 4, 4));
  EXPECT_TRUE(vectors_fit(16, 10, 8, 4, 8)) << "32 bytes move as 16 and 16";
  EXPECT_TRUE(vectors_fit(8, 10, 24, 1, 8)) << "8 bytes move at once";
  EXPECT_FALSE(vectors_fit(4, 10, 24, 1, 8));
  EXPECT_TRUE(vectors_fit(6, 10, 3, 2, 1)) << "single elements always fit";
}

TEST(VectorGrid, VisitsEveryElementOnceAndStaysInItsRow) {
  for (const int width : {1, 4, 8}) {
    for (std::int64_t rows = 0; rows <= 40; ++rows) {
      for (std::int64_t c = 1; c <= 35; ++c) {
        const cuda::VectorGrid grid(rows, c, width);
        std::vector<int> visits(static_cast<std::size_t>(rows * c));
        for (std::uint32_t block = 0; block < grid.blocks(); ++block) {
          for (std::uint32_t thread = 0; thread < cuda::block_threads; ++thread) {
            const cuda::Place place = grid.place(block, thread);
            ASSERT_LE(place.count, width);
            if (place.count == 0) continue;
            ASSERT_EQ(place.column % static_cast<std::uint32_t>(width), 0U) << "a vector must be aligned";
            ASSERT_LE(place.column + static_cast<std::uint32_t>(place.count), c);
            for (int i = 0; i < place.count; ++i)
              ++visits.at(place.row * static_cast<std::size_t>(c) + place.column + i);
          }
        }
        ASSERT_EQ(visits, std::vector<int>(visits.size(), 1)) << rows << " x " << c << " by " << width;
      }
    }
  }
}

TEST(VectorGrid, ReachesTheEndOfTheLargestLaunch) {
  const cuda::VectorGrid grid(1, cuda::max_vectors * 8, 8);
  ASSERT_EQ(grid.blocks(), cuda::max_vectors / cuda::block_threads);
  const cuda::Place last = grid.place(static_cast<std::uint32_t>(grid.blocks() - 1), cuda::block_threads - 1);
  EXPECT_EQ(last.column, cuda::max_vectors * 8 - 8);
  EXPECT_EQ(last.count, 8);
}

TEST(Pieces, CoverEveryElementOnceInAtMostSoManyVectors) {
  for (const int width : {1, 4}) {
    for (const std::int64_t most : {1, 3, 16}) {
      for (std::int64_t rows = 0; rows <= 12; ++rows) {
        for (std::int64_t c = 0; c <= 30; ++c) {
          if (rows > 1 && cuda::ceil_div(c, width) > most) continue;  // rows are not cut
          std::vector<int> visits(static_cast<std::size_t>(rows * c));
          cuda::for_each_piece(
              rows, c, width,
              [&](const cuda::Piece& piece) {
                ASSERT_LE(piece.rows * cuda::ceil_div(piece.c, width), most);
                ASSERT_EQ(piece.column % width, 0);
                for (std::int64_t r = 0; r < piece.rows; ++r) {
                  for (std::int64_t i = 0; i < piece.c; ++i) {
                    ++visits.at(static_cast<std::size_t>((piece.row + r) * c + piece.column + i));
                  }
                }
              },
              most);
          ASSERT_EQ(visits, std::vector<int>(visits.size(), 1)) << rows << " x " << c << ", " << most << " at most";
        }
      }
    }
  }
}

/// Counts what the threads of all blocks visit, and that blocks of one slice write different channels.
void expect_slices_cover(std::int64_t rows, std::int64_t c, int width) {
  const cuda::RowSlices slices(rows, c, width);
  ASSERT_EQ(slices.lanes * slices.lines, cuda::block_threads);
  ASSERT_GE(slices.slices, 1U);
  std::vector<int> visits(static_cast<std::size_t>(rows * c));
  for (std::uint32_t block = 0; block < slices.blocks(); ++block) {
    for (std::uint32_t thread = 0; thread < cuda::block_threads; ++thread) {
      const auto share = slices.share(block, thread);
      ASSERT_GE(share.count, 0);
      if (share.count == 0) continue;
      ASSERT_EQ(share.column % static_cast<std::uint32_t>(width), 0U);
      for (std::int64_t row = share.first; row < share.end; row += slices.lines) {
        ASSERT_EQ(row / slices.rows_per_slice, slices.slice(block));
        for (int i = 0; i < share.count; ++i) ++visits.at(static_cast<std::size_t>(row * c + share.column + i));
      }
    }
  }
  ASSERT_EQ(visits, std::vector<int>(visits.size(), 1)) << rows << " x " << c << " by " << width;
}

TEST(RowSlices, VisitEveryElementOnce) {
  for (const int width : {1, 4, 8}) {
    for (const std::int64_t rows : {0, 1, 2, 7, 8, 31, 32, 33, 63, 127, 128, 129, 1000, 1023, 1025}) {
      for (const std::int64_t c : {1, 2, 3, 4, 7, 8, 9, 16, 17, 31, 33}) expect_slices_cover(rows, c, width);
    }
    for (const std::int64_t c : {64, 255, 256, 257, 300}) expect_slices_cover(70, c, width);
  }
}

TEST(RowSlices, KeepALargeGpuBusyWithoutThousandsOfPartialSums) {
  const cuda::RowSlices wide(256 * 224 * 224, 64, 8), narrow(256 * 7 * 7, 1024, 8), tiny(32, 6, 1);
  EXPECT_GE(wide.blocks(), 1000);
  EXPECT_LE(wide.slices, 1024U);
  EXPECT_GE(narrow.blocks(), 528);
  EXPECT_EQ(tiny.blocks(), 1);
}

}  // namespace

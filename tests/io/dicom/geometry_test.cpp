#include "io/dicom/geometry.h"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using io::Turn;
using io::Vector3;
using Orientation = std::array<Vector3, 2>;

constexpr Vector3 left{1, 0, 0}, right{-1, 0, 0}, back{0, 1, 0}, front{0, -1, 0};

/// Where pixel (row, column) of a picture lies, from the header alone.
Vector3 place(const io::SliceHeader& header, int row, int column) {
  Vector3 point = *header.position;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    point[axis] += column * (*header.pixel_spacing)[1] * (*header.orientation)[0][axis] +
                   row * (*header.pixel_spacing)[0] * (*header.orientation)[1][axis];
  }
  return point;
}

const std::array<Orientation, 8> quarter_turns_and_mirrors = {
    Orientation{left, back}, {right, back}, {left, front}, {right, front},
    Orientation{back, left}, {back, right}, {front, left}, {front, right}};

TEST(Geometry, AnUprightPictureIsLeftAlone) { EXPECT_EQ(io::upright_turn({left, back}), Turn{}); }

TEST(Geometry, ProneIsTurnedByHalf) {
  EXPECT_EQ(io::upright_turn({right, front}), (Turn{.flip_rows = true, .flip_columns = true}));
}

TEST(Geometry, EveryTurnEndsWithRowsToTheLeftAndColumnsToTheBack) {
  for (const Orientation& orientation : quarter_turns_and_mirrors) {
    io::SliceHeader header;
    header.rows = 3;
    header.columns = 5;
    header.orientation = orientation;
    header.pixel_spacing = {0.5, 0.4};
    header.position = {10, 20, 30};
    io::turn_geometry(header, io::upright_turn(orientation));
    EXPECT_EQ((*header.orientation)[0], left);
    EXPECT_EQ((*header.orientation)[1], back);
    EXPECT_NEAR(header.position_mm, 30, 1e-12);
  }
}

TEST(Geometry, TurnedPixelsStayWhereTheyAreInThePatient) {
  const double tilt = 0.3;
  for (const Orientation& flat : quarter_turns_and_mirrors) {
    Orientation orientation = flat;
    for (Vector3& direction : orientation) {  // gantry tilt: the direction to the back dips to the feet
      direction[2] = -direction[1] * std::sin(tilt);
      direction[1] *= std::cos(tilt);
    }
    io::SliceHeader stored;
    stored.rows = 3;
    stored.columns = 5;
    stored.orientation = orientation;
    stored.pixel_spacing = {0.5, 0.4};
    stored.position = {10, 20, 30};
    std::vector<std::int16_t> pixels(15);
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::int16_t>(i);

    io::SliceHeader turned = stored;
    const Turn turn = io::upright_turn(orientation);
    io::turn_geometry(turned, turn);
    const auto turned_pixels = io::turn_pixels(pixels, stored.rows, stored.columns, turn);
    ASSERT_EQ(turned.rows * turned.columns, 15);
    for (int row = 0; row < turned.rows; ++row) {
      for (int column = 0; column < turned.columns; ++column) {
        const int value = turned_pixels[static_cast<std::size_t>(row * turned.columns + column)];
        const Vector3 before = place(stored, value / stored.columns, value % stored.columns);
        const Vector3 after = place(turned, row, column);
        for (std::size_t axis = 0; axis < 3; ++axis) EXPECT_NEAR(before[axis], after[axis], 1e-12);
      }
    }
  }
}

TEST(Geometry, MirroringReversesEveryRow) {
  EXPECT_EQ(io::turn_pixels({1, 2, 3, 4, 5, 6}, 2, 3, {.flip_columns = true}),
            (std::vector<std::int16_t>{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(io::turn_pixels({1, 2, 3, 4, 5, 6}, 2, 3, {.flip_rows = true}),
            (std::vector<std::int16_t>{4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(io::turn_pixels({1, 2, 3, 4, 5, 6}, 2, 3, {.transpose = true}),
            (std::vector<std::int16_t>{1, 4, 2, 5, 3, 6}));
}

TEST(Geometry, TiltIsTheAngleBetweenNormalAndHeadFoot) {
  EXPECT_NEAR(io::tilt_degrees({left, back}), 0, 1e-6);
  EXPECT_NEAR(io::tilt_degrees({left, Vector3{0, std::cos(0.2), -std::sin(0.2)}}), 0.2 * 180 / M_PI, 1e-9);
  EXPECT_NEAR(io::tilt_degrees({left, Vector3{0, 0, -1}}), 90, 1e-6);  // coronal
}

TEST(Geometry, DirectionsMustBePerpendicularUnitVectors) {
  EXPECT_TRUE(io::unit_directions({1, 0, 0, 0, 0.953717, -0.300706}).has_value());
  EXPECT_FALSE(io::unit_directions({0, 0, 0, 0, 0, 0}).has_value());
  EXPECT_FALSE(io::unit_directions({1, 0, 0, 1, 0, 0}).has_value());
  EXPECT_FALSE(io::unit_directions({2, 0, 0, 0, 1, 0}).has_value());
  EXPECT_FALSE(io::unit_directions({NAN, 0, 0, 0, 1, 0}).has_value());
}

}  // namespace

#include "train/ensemble/test_time_augmentation.h"

#include "nn/core/error.h"

namespace train {
namespace {

constexpr TestTimeAugmentation all[] = {TestTimeAugmentation::none, TestTimeAugmentation::flip,
                                        TestTimeAugmentation::flip_shift};

}  // namespace

const char* name(TestTimeAugmentation augmentation) {
  switch (augmentation) {
    case TestTimeAugmentation::flip:
      return "flip";
    case TestTimeAugmentation::flip_shift:
      return "flip-shift";
    case TestTimeAugmentation::none:
      break;
  }
  return "none";
}

TestTimeAugmentation test_time_augmentation(std::string_view text) {
  for (const TestTimeAugmentation augmentation : all) {
    if (text == name(augmentation)) return augmentation;
  }
  throw nn::Error(nn::message("test-time augmentation '", text, "' is not known, expected none, flip or flip-shift"));
}

std::vector<Augmentation> views(TestTimeAugmentation augmentation) {
  const bool flipped = augmentation != TestTimeAugmentation::none;
  const bool shifted = augmentation == TestTimeAugmentation::flip_shift;
  std::vector<Augmentation> result;
  for (const bool flip : {false, true}) {
    if (flip && !flipped) continue;
    for (const double shift : {0.0, view_shift, -view_shift}) {
      if (shift != 0 && !shifted) continue;
      Augmentation view;
      view.flip = flip;
      view.shift_x = view.shift_y = shift;
      result.push_back(view);
    }
  }
  return result;
}

}  // namespace train

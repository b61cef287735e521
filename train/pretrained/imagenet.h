// Naming what a photo shows, by ImageNet's 1000 classes: the proof that converted weights are right.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/pictures/picture.h"
#include "nn/layers/module.h"
#include "nn/tensor/tensor.h"
#include "train/compute.h"
#include "train/pretrained/pretrained.h"

namespace train {

/// "tench", "goldfish", ...: by index, from weights/imagenet_classes.txt.
const std::vector<std::string>& imagenet_classes();

/// A colour picture as ImageNet's networks are tested: the shorter side to 256 (antialiased), the middle 224 x 224,
/// scaled. {1, 224, 224, 3} f32. Throws nn::Error for a picture of other than 3 channels.
nn::Tensor imagenet_input(const io::Picture& picture, PictureScaling scaling);

struct Guess {
  int index;  // of imagenet_classes()
  double probability;
};

/// A network with its ImageNet head and the weights of a file.
class ImageNetClassifier {
 public:
  /// Throws nn::Error if the weights do not fill the whole network.
  explicit ImageNetClassifier(const Pretrained& pretrained, const Compute& compute = {});

  /// The most probable classes, the best first: softmax of the logits.
  std::vector<Guess> top(const io::Picture& picture, int count = 5);

 private:
  PictureScaling scaling_;
  Compute compute_;
  std::unique_ptr<nn::Module> network_;
};

}  // namespace train

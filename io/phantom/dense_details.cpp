#include "io/phantom/dense_details.h"

#include <cmath>

#include "io/phantom/random_streams.h"
#include "io/phantom/shapes.h"

namespace io::phantom {
namespace {

class Drawing {
 public:
  Drawing(nn::Random random, const Patient& patient) : random_(random), patient_(patient) {}

  std::vector<DenseDetail> all() {
    arteries();
    if (chance(0.5F)) plexus_glomus();
    if (chance(0.7F)) choroid_plexus();
    if (chance(0.6F)) pineal();
    if (chance(0.45F)) falx();
    if (chance(0.45F)) basal_ganglia();
    if (chance(0.1F)) dentate_nuclei();
    if (chance(0.2F + 0.4F * patient_.atrophy)) carotid_siphon();
    if (chance(0.15F)) granuloma();
    return std::move(details_);
  }

 private:
  bool chance(float probability) { return random_.uniform() < probability; }
  void add(const DenseDetail& detail) { details_.push_back(detail); }
  void add_both_sides(DenseDetail detail) {
    add(detail);
    detail.from.x = -detail.from.x;
    detail.to.x = -detail.to.x;
    detail.radius *= random_.uniform(0.75F, 1.25F);
    detail.hu *= random_.uniform(0.8F, 1.2F);
    add(detail);
  }

  void arteries() {
    const float hu = patient_.hu.venous_blood - 2;
    add({{0, 2, 38}, {0, 8, 18}, 1.7F, hu, 0, "basilar artery"});
    for (const float side : {-1.0F, 1.0F}) {
      add({{side * 9, -9, 36}, {side * 32, -16, 41}, 1.3F, hu, 0, "middle cerebral artery"});
    }
  }
  void choroid_plexus() {
    const DenseDetail plexus = {
        {25, 33, 64},    {26, random_.uniform(38, 50), 61}, random_.uniform(1.3F, 3.3F), random_.uniform(80, 350), 0.9F,
        "choroid plexus"};
    if (chance(0.75F)) {
      add_both_sides(plexus);
    } else {
      add(plexus);
    }
  }
  /// Not calcified, but denser than fluid: the tuft of vessels in each atrium.
  void plexus_glomus() {
    add_both_sides(
        {{24, 32, 65}, {26, 40, 62}, random_.uniform(2.5F, 5.0F), random_.uniform(42, 68), 0.9F, "plexus glomus"});
  }
  void pineal() {
    add({{0, 24, 53},
         {0, random_.uniform(25, 28), 54},
         random_.uniform(1.3F, 3.6F),
         random_.uniform(90, 400),
         0.5F,
         "pineal"});
  }
  void falx() {
    for (std::uint32_t plaque = 0, count = 1 + random_.below(3); plaque < count; ++plaque) {
      const float y = random_.uniform(-55, 50), z = random_.uniform(88, 100) - 0.004F * y * y;
      const Point from = {random_.uniform(-1, 1), y, z};
      const Point to = from + Point{random_.uniform(-1, 1), random_.uniform(5, 16), random_.uniform(-4, 4)};
      add({from, to, random_.uniform(1.2F, 2.6F), random_.uniform(80, 600), 0.4F, "falx"});
    }
  }
  void basal_ganglia() {
    const Point from = {20, random_.uniform(-10, -4), random_.uniform(50, 54)};
    const Point to = from + Point{3, random_.uniform(6, 13), 4};
    add_both_sides({from, to, random_.uniform(2.2F, 6.0F), random_.uniform(50, 130), 1.0F, "basal ganglia"});
  }
  void dentate_nuclei() {
    add_both_sides(
        {{14, 42, 18}, {18, 50, 20}, random_.uniform(1.5F, 3.5F), random_.uniform(60, 180), 0.8F, "dentate nuclei"});
  }
  void carotid_siphon() {
    add_both_sides({{11, -12, 30}, {12, -6, 33}, 1.5F, random_.uniform(200, 600), 0.3F, "carotid siphon"});
  }
  void granuloma() {
    const Point at = {random_.uniform(-45, 45), random_.uniform(-50, 55), random_.uniform(60, 90)};
    add({at, at + Point{1, 1, 1}, random_.uniform(1.2F, 3.2F), random_.uniform(100, 400), 0.4F, "granuloma"});
  }

  nn::Random random_;
  const Patient& patient_;
  std::vector<DenseDetail> details_;
};

}  // namespace

std::vector<DenseDetail> draw_dense_details(std::uint64_t seed, std::uint64_t patient_index, const Patient& patient) {
  return Drawing(stream(seed, Stream::dense_details, patient_index), patient).all();
}

float distance(const DenseDetail& detail, Point p) { return capsule(p, detail.from, detail.to, detail.radius); }

}  // namespace io::phantom

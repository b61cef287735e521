#!/usr/bin/env bash
# From a fresh Debian 12 or Ubuntu 24.04 machine to a trained network in a few minutes:
# installs what is missing, builds falx, makes a synthetic head-CT data set, trains three networks, joins them, predicts,
# scores, writes reports.
#   apps/quickstart.sh [DIR]      results go to DIR (default: out/quickstart)
set -euo pipefail
usage() { sed -n '2,5p' "$0" | cut -c3-; }
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) { echo "quickstart.sh: $1 is no option"; usage; } >&2; exit 2 ;;
esac
if (($# > 1)); then
  { echo "quickstart.sh: one DIR is expected, $# arguments came"; usage; } >&2
  exit 2
fi
out=${1:+$(realpath -m "$1")}  # DIR is where the user stands
cd "$(dirname "$0")/.."
source apps/packages.sh
out=${out:-$PWD/out/quickstart}

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
seconds_at_start=$SECONDS

step "Packages"
install_packages "${packages_to_build[@]}"
seconds_with_packages=$SECONDS

step "Build"
cuda=OFF  # kernels for a GPU take minutes to compile
if nvidia-smi -L >/dev/null 2>&1; then cuda=AUTO; fi
cmake --preset release -DFALX_CUDA=$cuda >/dev/null
cmake --build --preset release
falx=build/release/apps/falx
seconds_with_build=$SECONDS

step "Synthetic data set: 60 patients of head CT as DICOM files"
$falx synth --out "$out/data" --patients 60 --test-patients 30 --size 256 --seed 7 --overwrite

# train NAME SIZE EPOCHS [OPTION...]: a run of its own in $out/NAME; one split for all, so that an ensemble can be fitted.
train() {
  step "Train the network $1 ($2 x $2 pixels)"
  $falx train --images "$out/data/stage_2_train" --labels "$out/data/stage_2_train.csv" \
    --model "$1" --size "$2" --epochs "$3" --batch 16 --out "$out/$1" --overwrite "${@:4}"
}
train cnn 128 10
train densenet121 48 6
train vgg16 32 8 --lr 2e-4

step "Join the three in the way that validation prefers: mean, mean of logits, or fitted weights for each label"
$falx ensemble --run "$out/cnn" --run "$out/densenet121" --run "$out/vgg16" --out "$out/ensemble" --overwrite

step "Predict the test patients"
$falx predict --model "$out/ensemble" --input "$out/data/stage_2_test" --out "$out/predictions" --overwrite >/dev/null

step "Score (weighted log loss, lower is better; 'class prior' is what knowing only the prevalence gives)"
$falx evaluate --predictions "$out/predictions/predictions.csv" --labels "$out/data/stage_2_test_labels.csv" \
  --prior "$out/ensemble" --out "$out/evaluation" --overwrite

step "Done in $((SECONDS - seconds_at_start)) s (packages $((seconds_with_packages - seconds_at_start)) s, build $((seconds_with_build - seconds_with_packages)) s)"
cat <<TEXT
Look at:
  $out/cnn/report.html            training: curves, ROC, sample slices; also densenet121, vgg16
  $out/predictions/report.html    predictions, study by study, with what each network says
  $out/evaluation/report.html     scores of the networks and of the ensemble
Synthetic data shows that the software works and learns. It says nothing about real scans.
TEXT

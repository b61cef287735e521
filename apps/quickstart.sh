#!/usr/bin/env bash
# From a fresh Debian 12 or Ubuntu 24.04 machine to a trained network in a few minutes:
# installs what is missing, builds falx, makes a synthetic head-CT data set, trains, predicts, scores, writes a report.
#   apps/quickstart.sh [DIR]      results go to DIR (default: out/quickstart)
set -euo pipefail
cd "$(dirname "$0")/.."
source apps/packages.sh

out=${1:-out/quickstart}
case $out in -h | --help) sed -n '2,4p' "$0" | cut -c3-; exit 0 ;; esac

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
seconds_at_start=$SECONDS

step "Packages"
install_packages "${packages_to_build[@]}"
seconds_with_packages=$SECONDS

step "Build"
cmake --preset release >/dev/null
cmake --build --preset release
falx=build/release/apps/falx
seconds_with_build=$SECONDS

step "Synthetic data set: 60 patients of head CT as DICOM files"
$falx synth --out "$out/data" --patients 60 --test-patients 30 --size 256 --seed 7 --overwrite

step "Train the network 'cnn'"
$falx train --images "$out/data/stage_2_train" --labels "$out/data/stage_2_train.csv" \
  --model cnn --size 128 --epochs 14 --batch 16 --out "$out/run" --overwrite

step "Predict the test patients"
$falx predict --model "$out/run" --input "$out/data/stage_2_test" --out "$out/predictions" --overwrite

step "Score (weighted log loss, lower is better; 'class prior' is what knowing only the prevalence gives)"
$falx evaluate --predictions "$out/predictions/predictions.csv" --labels "$out/data/stage_2_test_labels.csv" \
  --prior "$out/run" --out "$out/evaluation" --overwrite

step "Done in $((SECONDS - seconds_at_start)) s (packages $((seconds_with_packages - seconds_at_start)) s, build $((seconds_with_build - seconds_with_packages)) s)"
cat <<TEXT
Look at:
  $PWD/$out/run/report.html            training: curves, ROC, sample slices
  $PWD/$out/predictions/report.html    predictions, study by study
Synthetic data shows that the software works and learns. It says nothing about real scans.
TEXT

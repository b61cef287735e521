#!/usr/bin/env bash
# The README's table of ensembles: three networks and three ways of joining them on held-out synthetic patients.
# Each seed makes its own data set, its own split, its own initial weights.
#   tests/benchmarks/ensembles.sh FALX OUT SEED...     e.g. build/release/apps/falx out/ensembles 1 2 3 4 5
# A seed whose scores stand in OUT is not computed again. Six to ten minutes a seed on two cores.
set -euo pipefail
falx=$(realpath "$1") out=$2
shift 2
ways=(mean logit-mean fitted)

# train DIRECTORY SEED MODEL SIZE EPOCHS [OPTION...]
train() {
  "$falx" train --images "$1/data/stage_2_train" --labels "$1/data/stage_2_train.csv" --out "$1/$3" --overwrite --quiet \
    --seed "$2" --split-seed "$2" --model "$3" --size "$4" --epochs "$5" --batch 16 "${@:6}" | sed "s/^/seed $2, $3: /" | grep best
}

# score DIRECTORY WAY [OPTION...]: predicts the test patients with the ensemble, WAY.txt gets falx evaluate's tables
score() {
  "$falx" predict --model "$1/ensemble" --input "$1/data/stage_2_test" --out "$1/$2" --overwrite --quiet "${@:3}" >/dev/null
  "$falx" evaluate --predictions "$1/$2/predictions.csv" --labels "$1/data/stage_2_test_labels.csv" \
    --prior "$1/ensemble" --out "$1/$2/evaluation" --overwrite >"$1/$2.txt"
}

for seed in "$@"; do
  directory=$out/seed-$seed
  [ -s "$directory/fitted.txt" ] && continue
  "$falx" synth --out "$directory/data" --patients 120 --test-patients 60 --size 256 --seed "$seed" --overwrite --quiet >/dev/null
  train "$directory" "$seed" cnn 96 12
  train "$directory" "$seed" densenet121 64 8
  train "$directory" "$seed" vgg16 32 10 --lr 2e-4
  "$falx" ensemble --run "$directory/cnn" --run "$directory/densenet121" --run "$directory/vgg16" \
    --out "$directory/ensemble" --overwrite --quiet >"$directory/ensemble.txt"
  score "$directory" mean --ensemble mean
  score "$directory" logit-mean --ensemble logit-mean
  score "$directory" fitted --ensemble fitted
done

# A row: seed, class prior, each member, each way, and each way's difference from the member that was best on validation.
{
  echo "| seed | class prior | cnn | densenet121 | vgg16 | mean | logit mean | fitted | mean - best | logit mean - best | fitted - best |"
  echo "|---|---:|---:|---:|---:|---:|---:|---:|---|---|---|"
  for seed in "$@"; do
    for way in "${ways[@]}"; do sed "s/^/$way /" "$out/seed-$seed/$way.txt"; done |
      awk -v seed="$seed" '
        $2 == "weighted" && $3 == "log" { prior = $6 }
        $2 == "cnn" || $2 == "densenet121" || $2 == "vgg16" { member[$2] = $3 }
        $2 == "ensemble" { score[$1] = $3 }
        $2 == "Ensemble" && $3 == "minus" {
          best = $4; sub(",", "", best)
          match($0, /validation: [^(]*/); difference = substr($0, RSTART + 12, RLENGTH - 12)
          match($0, /interval [^;]*/); interval = substr($0, RSTART + 9, RLENGTH - 9)
          against[$1] = best " " difference "(" interval ")" }
        END { print "| " seed " | " prior " | " member["cnn"] " | " member["densenet121"] " | " member["vgg16"] " | " \
                score["mean"] " | " score["logit-mean"] " | " score["fitted"] " | " \
                against["mean"] " | " against["logit-mean"] " | " against["fitted"] " |" }'
  done
} | tee "$out/table.md"

# The mean over the seeds of each difference, and its interval: half widths of independent seeds add by their squares.
awk -F'|' 'NR > 2 { for (way = 10; way <= 12; ++way) {
    split($way, word, " "); gsub(/[()]/, "", word[3]); gsub(/[()]/, "", word[5])
    sum[way] += word[2]; squares[way] += ((word[5] - word[3]) / 2) ^ 2 } ++seeds }
  END { printf "mean difference:"
    for (way = 10; way <= 12; ++way) printf " %+.4f +- %.4f", sum[way] / seeds, sqrt(squares[way]) / seeds
    print " (mean, logit mean, fitted)" }' "$out/table.md"

#!/usr/bin/env bash
# What a benchmark's program does with a wrong command line: a line and exit code 2, no crash; --help is none.
#   tests/benchmarks/usage_test.sh BENCH_OPS BENCH_DENSENET BENCH_NETWORK
set -uo pipefail
bench_ops=$1 bench_densenet=$2 bench_network=$3
failed=0

# expect CODE COMMAND...
expect() {
  local code=$1 found=0 text
  shift
  text=$("$@" 2>&1) || found=$?
  if [ "$found" != "$code" ] || [ -z "$text" ]; then
    printf '%s: exit code %s, expected %s and a message; it said: %s\n' "$*" "$found" "$code" "$text"
    failed=1
  fi
}

expect 0 "$bench_ops" --help
for wrong in --threads=0 --threads=-1 --threads=two --threads= --threads --nonsense; do
  expect 2 "$bench_ops" "$wrong"
  expect 2 "$bench_ops" --benchmark_filter=none "$wrong" --threads=1
done
expect 0 "$bench_densenet" --help
for wrong in "0" "two" "-1" "1 0" "1 31" "1 32 0" "1 32 1 1" "--nonsense" "1 --help"; do
  # shellcheck disable=SC2086  # several arguments
  expect 2 "$bench_densenet" $wrong
done
expect 0 "$bench_network" --help
expect 1 "$bench_network" nonsense
for wrong in "" "--nonsense" "cnn play" "cnn infer 0" "cnn infer two" "cnn infer 1 1" "cnn infer 1 64 0" \
  "cnn infer 1 64 1 1"; do
  # shellcheck disable=SC2086  # several arguments
  expect 2 "$bench_network" $wrong
done
exit $failed

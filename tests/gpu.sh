#!/usr/bin/env bash
# What only a GPU can show: builds for it, runs the tests that a machine without one skips, measures beside PyTorch, and
# runs the sanitizers of CUDA on small shapes. Half an hour is enough for the tests and the rows of the benchmark that
# matter most; --total ends a run in time, and the benchmark goes on where it stopped when it is run again.
#   tests/gpu.sh [OPTION...] [STEP...]     every step, or those named, in this order:
#     build        the programs and their tests, for the GPU at hand
#     device       what cuDNN knows of it (device.json), what it reaches, whether plans made without it are its plans
#     runtime      memory, out of memory, copies, transfers, recorded steps; every kernel's own tests
#     parity       every op, GPU against CPU, f32 and bf16
#     golden       small networks against PyTorch's golden values: gradients, ten steps, answers; f32 and bf16
#     networks     ten steps of whole networks, GPU = CPU within bounds
#     training     eager = recorded, the same bits twice; batches on their way up
#     falx         images a second and peak memory of Falx alone, every network
#     bench        the same beside PyTorch if python3 has it, what matters most first; a table
#     memcheck racecheck initcheck synccheck     compute-sanitizer over the small shapes
#   --build DIR    where to build, or what is built already (default: build/gpu)
#   --out DIR      logs, summary, tables (default: out/gpu); a later run adds to them
#   --limit N      seconds that one command may take (default: 570)
#   --total N      seconds after which nothing is begun and what runs is ended (default: none)
#   --plan         only say what the steps would run and how many tests that is; needs a build, but no GPU
# Exit code: 0 all passed, 1 something failed, 2 wrong usage, 3 no GPU here.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

all_steps=(build device runtime parity golden networks training falx bench memcheck racecheck initcheck synccheck)
build=build/gpu
out=out/gpu
limit=570
total=
plan=false
steps=()
usage() { sed -n '2,/^# Exit code/p' "$0" | cut -c3-; }
while [ $# -gt 0 ]; do
  case $1 in
    --build | --out | --limit | --total)
      [ $# -ge 2 ] || { echo "tests/gpu.sh: $1 needs a value" >&2; exit 2; }
      printf -v "${1#--}" '%s' "$2"
      shift
      ;;
    --plan) plan=true ;;
    -h | --help) usage; exit 0 ;;
    *)
      [[ " ${all_steps[*]} " == *" $1 "* ]] || { echo "tests/gpu.sh: there is no step '$1' (${all_steps[*]})" >&2; exit 2; }
      steps+=("$1")
      ;;
  esac
  shift
done
[ ${#steps[@]} -gt 0 ] || steps=("${all_steps[@]}")

# STEP PROGRAM FILTER: the tests of a step; a step may have several lines. Sanitizers slow a kernel down up to a hundred
# times, and what cuDNN and cuBLAS do is not ours to check.
small='Cuda*:*Kernels.*-CudaMachine*:CudaNetworks*:CudaTraining*:CudaMemory.FillsUp*:*Slow*'
own='*Parity*-*Conv*:*Linear*:*Slow*'
tests="
device      test_cuda    CudaMachine*
runtime     test_cuda    *-CudaMachine*:CudaNetworks*:CudaTraining*:*CudaGolden*:SlowModelPlans*:ConvPlans*:GpuScript*
parity      test_nn      *Parity*
golden      test_cuda    *CudaGolden*
networks    test_cuda    CudaNetworks*
training    test_cuda    CudaTraining*
training    test_train   *Cuda*
memcheck    test_cuda    $small
memcheck    test_nn      *Parity*-*Slow*
racecheck   test_nn      $own
initcheck   test_nn      $own
synccheck   test_nn      $own
"

# --plan: how many tests a line selects, so that a renamed suite cannot empty it unseen.
count_tests() { "$build/tests/$1" --gtest_list_tests --gtest_filter="$2" | grep -c '^  '; }
if $plan; then
  failed=0
  while read -r step program filter; do
    [ -n "$step" ] && [[ " ${steps[*]} " == *" $step "* ]] || continue
    number=$(count_tests "$program" "$filter")
    echo "$step: $program --gtest_filter=$filter: $number tests"
    [ "$number" -gt 0 ] || failed=1
  done <<<"$tests"
  exit $failed
fi

if ! gpus=$(nvidia-smi -L 2>/dev/null) || [[ $gpus != GPU* ]]; then
  echo "tests/gpu.sh: there is no GPU here (nvidia-smi lists none)" >&2
  exit 3
fi

mkdir -p "$out" || exit 1
summary=$out/summary.txt
failures=0
note() { printf '%s\n' "$*" | tee -a "$summary"; }

# Seconds that the next command may take; nothing if there is no time for any.
time_left() {
  local left=$limit
  [ -z "$total" ] || [ $((total - SECONDS)) -gt "${limit%.*}" ] || left=$((total - SECONDS))
  case $left in -* | 0) ;; *) echo "$left" ;; esac
}

# run NAME COMMAND...: with a time limit, everything it says in NAME.log, one line in the summary.
run() {
  local name=$1 log=$out/$1.log begun=$SECONDS status verdict left
  shift
  left=$(time_left)
  if [ -z "$left" ]; then
    note "$(printf '%-28s left out: no time left' "$name")"
    return 1
  fi
  timeout --kill-after=20 "$left" "$@" >"$log" 2>&1
  status=$?
  case $status in
    0) verdict=passed ;;
    124 | 137) verdict="FAILED: took longer than $left s" ;;
    *) verdict="FAILED (exit code $status), see $log" ;;
  esac
  [ $status -eq 0 ] || failures=$((failures + 1))
  note "$(printf '%-28s %5d s  %s' "$name" $((SECONDS - begun)) "$verdict")"
  return $status
}

# run_tests STEP [BEFORE...]: the step's lines of the list above, BEFORE in front of each program.
run_tests() {
  local wanted=$1 step program filter log
  shift
  while read -r step program filter; do
    [ "$step" = "$wanted" ] || continue
    log=$out/$step-$program.log
    : >"$log"
    run "$step-$program" "$@" "$build/tests/$program" --gtest_filter="$filter" --gtest_color=no </dev/null
    grep -E '^\[  (PASSED|SKIPPED|FAILED)' "$log" | sed 's/^/    /' | head -20 | tee -a "$summary"
    if [ -s "$log" ] && ! grep -qE '^\[  PASSED  \] [1-9]' "$log"; then
      note "    no test passed: $(grep -m1 -iE 'skipp|Running 0 tests|not available' "$log" | cut -c1-150)"
      failures=$((failures + 1))
    fi
  done <<<"$tests"
}

step_build() {
  local io=()
  # A machine with nothing but CUDA: the framework alone. Packages unpacked elsewhere are found by CMAKE_PREFIX_PATH.
  [ -e /usr/include/dcmtk ] || [ -n "${CMAKE_PREFIX_PATH:-}" ] || io=(-DFALX_IO=OFF)
  run build-configure cmake --preset tests -B "$build" -DFALX_CUDA=ON -DFALX_BENCHMARKS=OFF "${io[@]}" || return
  if [ ${#io[@]} -gt 0 ]; then
    note "build: without DCMTK, so the framework's tests alone; no training, no bench"
    run build-tests cmake --build "$build" --target test_cuda test_nn
    return
  fi
  run build-falx cmake --build "$build" --target falx || return
  run build-tests cmake --build "$build" --target test_cuda test_nn test_train
}

sanitize() {
  local tool=$1 sanitizer
  sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
  if [ -z "$sanitizer" ]; then
    note "$(printf '%-28s left out: compute-sanitizer is not installed' "$tool")"
    return
  fi
  # Every tensor gets a cudaMalloc of its own, or a sanitizer would take its neighbours' memory for its.
  run_tests "$tool" env FALX_GPU_BLOCKS_ALONE=1 "$sanitizer" --tool "$tool" --error-exitcode 9 --print-limit 20
}

step_device() {
  [ -x "$build/apps/falx" ] && "$build/apps/falx" info --json >"$out/machine.json" 2>/dev/null
  run_tests device
  local log=$out/device-test_cuda.log
  sed -n 's/^description //p' "$log" >"$out/device.json"
  grep -E '^(ceiling|plans|plan|cuDNN) ' "$log" | sed 's/^/    /' | tee -a "$summary"
}

falx_is_there() {
  [ -x "$build/apps/falx" ] && return
  note "$1: left out, there is no falx (built without DCMTK)"
  return 1
}

# A line of JSON for each network, precision and work, before anything slower is tried.
step_falx() {
  falx_is_there falx || return
  local model precision what name
  for precision in bf16 f32; do
    for model in densenet121 vgg16 cnn cnn-2019; do
      for what in train infer; do
        name=falx-$model-$precision-$what
        run "$name" "$build/apps/falx" bench --device cuda --model "$model" --precision "$precision" --what "$what" \
          --batch 256 --size 224 --json && tail -1 "$out/$name.log" >>"$out/falx.jsonl"
      done
    done
  done
}

# PRECISION SIZE BATCH WORK VARIANTS: rows of every network beside PyTorch, what matters most first.
rows="
bf16 224 256 train eager,compile
bf16 224 256 infer eager,compile
bf16 224 32  train eager,compile
bf16 224 256 train max-autotune
bf16 224 256 infer max-autotune
bf16 224 32  train max-autotune
bf16 224 64  train eager,compile,max-autotune
bf16 224 64  infer eager,compile,max-autotune
bf16 224 32  infer eager,compile,max-autotune
bf16 256 256 train eager,compile,max-autotune
bf16 256 256 infer eager,compile,max-autotune
f32  224 256 train eager,compile,max-autotune
f32  224 256 infer eager,compile,max-autotune
f32  224 64  train eager,compile,max-autotune
f32  224 32  train eager,compile,max-autotune
f32  256 256 train eager,compile,max-autotune
"

# What is measured is kept in peers.jsonl at once: the step goes on where it stopped before.
step_bench() {
  falx_is_there bench || return
  if ! python3 -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    note "bench: left out, python3 has no PyTorch with CUDA"
    return
  fi
  local precision size batch what variants left
  while read -r precision size batch what variants; do
    [ -n "$precision" ] || continue
    left=$(time_left)
    [ "${left%.*}" -gt 60 ] 2>/dev/null || { note "bench: no time left for $precision $size px, batch $batch, $what"; break; }
    # shellcheck disable=SC2086  # several variants
    run "bench-$precision-$size-$batch-$what-${variants//,/-}" python3 tests/cuda/peers_gpu.py --falx "$build/apps/falx" \
      --model densenet121 vgg16 cnn cnn-2019 --precision "$precision" --size "$size" --batch "$batch" --what "$what" \
      --variant ${variants//,/ } --results "$out/peers.jsonl" --budget $((${left%.*} - 30)) </dev/null
    python3 tests/cuda/peers_gpu.py --results "$out/peers.jsonl" --table-only >"$out/peers.txt"
  done <<<"$rows"
  note "table: $out/peers.txt"
}

note "$(date -u '+%Y-%m-%d %H:%M') UTC, commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $gpus"
for step in "${steps[@]}"; do
  case $step in
    build) step_build || { note "nothing to run without a build"; break; } ;;
    memcheck | racecheck | initcheck | synccheck) sanitize "$step" ;;
    device | falx | bench) "step_$step" ;;
    *) run_tests "$step" ;;
  esac
done
note "$([ $failures -eq 0 ] && echo "all passed" || echo "$failures failures"), in $SECONDS s; logs in $out"
[ $failures -eq 0 ]

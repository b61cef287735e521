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
# Exit code: 0 all passed, 1 something failed, 2 wrong usage, 3 no GPU here, 4 none failed, but something was left out.
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
own_alone='*Kernels.*-*Slow*' # among them what stands around convolutions: packing, prologues, folded weights
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
racecheck   test_cuda    $own_alone
initcheck   test_nn      $own
initcheck   test_cuda    $own_alone
synccheck   test_nn      $own
synccheck   test_cuda    $own_alone
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
left_out=0
note() { printf '%s\n' "$*" | tee -a "$summary"; }
# leave_out NAME WHY: it did not run, so not everything passed.
leave_out() {
  left_out=$((left_out + 1))
  note "$(printf '%-28s left out: %s' "$1" "$2")"
}

# Seconds that the next command may take; nothing if there is no time for any.
time_left() {
  local left=$limit
  [ -z "$total" ] || [ $((total - SECONDS)) -gt "${limit%.*}" ] || left=$((total - SECONDS))
  case $left in -* | 0) ;; *) echo "$left" ;; esac
}

# within_time COMMAND...: ended when its time is up.
within_time() {
  local left
  left=$(time_left)
  [ -n "$left" ] && timeout --kill-after=20 "$left" "$@"
}

# keep FILE: FILE.new becomes FILE, unless it is empty: then what an earlier run wrote stays.
keep() { if [ -s "$1.new" ]; then mv "$1.new" "$1"; else rm -f "$1.new"; fi; }

# run NAME COMMAND...: with a time limit, everything it says in NAME.log, one line in the summary. Sets `ran`: false if
# there was no time to begin it; the log is then an earlier run's.
ran=false
unfinished=75 # exit code of a command that goes on where it stopped when it is run again
run() {
  local name=$1 log=$out/$1.log begun=$SECONDS status verdict left
  shift
  left=$(time_left)
  ran=false
  if [ -z "$left" ]; then
    leave_out "$name" "no time left"
    return 1
  fi
  ran=true
  timeout --kill-after=20 "$left" "$@" >"$log" 2>&1
  status=$?
  case $status in
    0) verdict=passed ;;
    "$unfinished") verdict="UNFINISHED: run it again" ;;
    124 | 137) verdict="FAILED: took longer than $left s" ;;
    *) verdict="FAILED (exit code $status), see $log" ;;
  esac
  case $status in
    0) ;;
    "$unfinished") left_out=$((left_out + 1)) ;;
    *) failures=$((failures + 1)) ;;
  esac
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
    run "$step-$program" "$@" "$build/tests/$program" --gtest_filter="$filter" --gtest_color=no </dev/null
    $ran || continue
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
    leave_out "$tool" "compute-sanitizer is not installed"
    return
  fi
  # Every tensor gets a cudaMalloc of its own, or a sanitizer would take its neighbours' memory for its.
  run_tests "$tool" env FALX_GPU_BLOCKS_ALONE=1 "$sanitizer" --tool "$tool" --error-exitcode 9 --print-limit 20
}

step_device() {
  if [ -x "$build/apps/falx" ]; then
    run machine sh -c '"$1" info --json >"$2"' info "$build/apps/falx" "$out/machine.json.new" ||
      : >"$out/machine.json.new"
    keep "$out/machine.json"
  fi
  run_tests device
  $ran || return
  local log=$out/device-test_cuda.log
  sed -n 's/^description //p' "$log" >"$out/device.json.new"
  keep "$out/device.json"
  grep -E '^(ceiling|plans|plan|cuDNN) ' "$log" | sed 's/^/    /' | tee -a "$summary"
}

falx_is_there() {
  [ -x "$build/apps/falx" ] && return
  leave_out "$1" "there is no falx (built without DCMTK)"
  return 1
}

# A line of JSON for each network, precision and work, before anything slower is tried; with the options of step bench.
step_falx() {
  falx_is_there falx || return
  local model precision what name
  for precision in bf16 f32; do
    for model in densenet121 vgg16 cnn cnn-2019; do
      for what in train infer; do
        name=falx-$model-$precision-$what
        run "$name" "$build/apps/falx" bench --device cuda --model "$model" --precision "$precision" --what "$what" \
          --batch 256 --size 224 --autotune --json && tail -1 "$out/$name.log" >>"$out/falx.jsonl"
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
  local log=$out/bench-torch.log
  if ! within_time python3 -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>"$log"; then
    leave_out bench "python3 has no PyTorch with CUDA, see $log"
    return
  fi
  local precision size batch what variants left
  while read -r precision size batch what variants; do
    [ -n "$precision" ] || continue
    left=$(time_left)
    if ! [ "${left%.*}" -gt 60 ] 2>/dev/null; then
      leave_out bench "no time left for $precision $size px, batch $batch, $what and the rows after it"
      break
    fi
    # shellcheck disable=SC2086  # several variants
    run "bench-$precision-$size-$batch-$what-${variants//,/-}" python3 tests/cuda/peers_gpu.py \
      --falx "$build/apps/falx" --model densenet121 vgg16 cnn cnn-2019 --precision "$precision" --size "$size" \
      --batch "$batch" --what "$what" --variant ${variants//,/ } --results "$out/peers.jsonl" \
      --budget $((${left%.*} - 30)) </dev/null
    within_time python3 tests/cuda/peers_gpu.py --results "$out/peers.jsonl" --table-only >"$out/peers.txt.new"
    keep "$out/peers.txt"
  done <<<"$rows"
  note "table: $out/peers.txt"
}

note "$(date -u '+%Y-%m-%d %H:%M') UTC, commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $gpus"
for step in "${steps[@]}"; do
  [ -n "$(time_left)" ] || { leave_out "$step" "no time left"; continue; }
  case $step in
    build) step_build || { note "nothing to run without a build"; break; } ;;
    memcheck | racecheck | initcheck | synccheck) sanitize "$step" ;;
    device | falx | bench) "step_$step" ;;
    *) run_tests "$step" ;;
  esac
done
verdict="all passed"
[ $left_out -eq 0 ] || verdict="nothing failed, but $left_out left out"
[ $failures -eq 0 ] || verdict="$failures failures, $left_out left out"
note "$verdict, in $SECONDS s; logs in $out"
[ $failures -eq 0 ] || exit 1
[ $left_out -eq 0 ] || exit 4

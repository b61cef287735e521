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
#   --prefix DIR   packages unpacked by tests/cuda/unpack_packages.sh, for a machine that can install none
#   --no-io        build the framework alone, without DCMTK and the like; what trains or reads files is then left out
#   --out DIR      logs, summary, tables (default: out/gpu); a later run adds to them
#   --resume       goes on where a run with the same --out was ended: what is done is not done again, but counts
#   --pack FILE    when the run ends, however it ends, all of --out in one .tar.gz
#   --limit N      seconds that one command may take (default: 570)
#   --test-limit N seconds that one test may take (default: 150; under a sanitizer as much again)
#   --total N      seconds after which nothing is begun and what runs is ended (default: none)
#   --plan         only say what the steps would run and how many tests that is; needs a build, but no GPU
# A machine that ends every command after ten minutes: say this, again and again while the exit code is 75:
#   tests/gpu.sh --resume --total 560 --pack results.tar.gz
# Exit code: 0 all passed, 1 something failed, 2 wrong usage, 3 no GPU here, 4 none failed, but something was left out,
# 75 there was no time for something: to be run again, with --resume.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

all_steps=(build device runtime parity golden networks training falx bench memcheck racecheck initcheck synccheck)
build=build/gpu
out=out/gpu
limit=570
test_limit=150
total=
prefix=
pack=
plan=false
resume=false
with_io=true
steps=()
usage() { sed -n '2,/^# 75 there was no time/p' "$0" | cut -c3-; }
while [ $# -gt 0 ]; do
  case $1 in
    --build | --prefix | --out | --limit | --test-limit | --total | --pack)
      [ $# -ge 2 ] || { echo "tests/gpu.sh: $1 needs a value" >&2; exit 2; }
      name=${1#--}
      printf -v "${name//-/_}" '%s' "$2"
      shift
      ;;
    --plan) plan=true ;;
    --resume) resume=true ;;
    --no-io) with_io=false ;;
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
small='Cuda*:*Kernels.*-CudaMachine*:CudaTraining*:CudaMemory.FillsUp*:CudaMemory.SaysWhatDoesNotFit*:*Slow*'
own='*Parity*-*Conv*:*Linear*:*Slow*'
own_alone='*Kernels.*-*Slow*' # among them what stands around convolutions: packing, prologues, folded weights
tests_of_steps="
device      test_cuda    CudaMachine*
runtime     test_cuda    *-CudaMachine*:*CudaNetworks*:CudaTraining*:*CudaGolden*:SlowModelPlans*:ConvPlans*:GpuScript*
parity      test_nn      *Parity*
golden      test_cuda    *CudaGolden*
networks    test_cuda    *CudaNetworks*
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

# How many tests a line selects, so that a renamed suite cannot empty it unseen.
count_tests() { "$build/tests/$1" --gtest_list_tests --gtest_filter="$2" | grep -c '^  '; }
if $plan; then
  failed=0
  while read -r step program filter; do
    [ -n "$step" ] || continue
    [[ " ${steps[*]} " == *" $step "* ]] || continue
    number=$(count_tests "$program" "$filter")
    echo "$step: $program --gtest_filter=$filter: $number tests"
    [ "$number" -gt 0 ] || failed=1
  done <<<"$tests_of_steps"
  exit $failed
fi

if ! gpus=$(nvidia-smi -L 2>/dev/null) || [[ $gpus != GPU* ]]; then
  echo "tests/gpu.sh: there is no GPU here (nvidia-smi lists none)" >&2
  exit 3
fi

mkdir -p "$out" || exit 1
pack_results() { tar -czf "$pack.new" -C "$out" . && mv "$pack.new" "$pack"; }
[ -z "$pack" ] || trap pack_results EXIT
summary=$out/summary.txt
failures=0
left_out=0
waiting=0 # for another run
note() { printf '%s\n' "$*" | tee -a "$summary"; }
# leave_out NAME WHY: it did not run, so not everything passed.
leave_out() {
  left_out=$((left_out + 1))
  note "$(printf '%-28s left out: %s' "$1" "$2")"
}

no_time() {
  waiting=$((waiting + 1))
  note "$(printf '%-28s left out: no time left%s' "$1" "${2:+ for $2}")"
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
# there was no time to begin it, or an earlier run is gone on with that has done it; the log is then that run's.
ran=false
unfinished=75 # exit code of a command that goes on where it stopped when it is run again
done_before=$out/done.txt # NAME STATUS of what --resume need not do again
run() {
  local name=$1 log=$out/$1.log begun=$SECONDS status verdict left
  shift
  ran=false
  status=$($resume && awk -v name="$name" '$1 == name { print $2 }' "$done_before" 2>/dev/null | tail -1)
  if [ -n "$status" ]; then
    [ "$status" -eq 0 ] || failures=$((failures + 1))
    return "$status"
  fi
  left=$(time_left)
  if [ -z "$left" ]; then
    no_time "$name"
    return 1
  fi
  ran=true
  if ! $resume; then
    : >"$log"
    [ ! -e "$done_before" ] || sed -i "/^$name /d" "$done_before"
  fi
  timeout --kill-after=20 "$left" "$@" >>"$log" 2>&1
  status=$?
  if [ $status -eq 124 ] || [ $status -eq 137 ]; then
    if [ "$left" != "$limit" ] || [ "$1" = tests/every_test.sh ]; then status=$unfinished; fi
  fi
  case $status in
    0) verdict=passed ;;
    "$unfinished") verdict="UNFINISHED: run it again, with --resume" ;;
    124 | 137) verdict="FAILED: took longer than $left s" ;;
    *) verdict="FAILED (exit code $status), see $log" ;;
  esac
  case $status in
    0) ;;
    "$unfinished") waiting=$((waiting + 1)) ;;
    *) failures=$((failures + 1)) ;;
  esac
  [ $status -eq $unfinished ] || echo "$name $status" >>"$done_before"
  note "$(printf '%-28s %5d s  %s' "$name" $((SECONDS - begun)) "$verdict")"
  return $status
}

has_io() { [ -x "$build/apps/falx" ]; }

# run_tests STEP SECONDS [BEFORE...]: the step's lines of the list above, BEFORE in front of each program; SECONDS for
# one test. What failed is listed, by name.
run_tests() {
  local wanted=$1 patience=$2 step program filter name tests
  shift 2
  while read -r step program filter; do
    [ "$step" = "$wanted" ] || continue
    name=$step-$program tests=$out/$step-$program.tests
    if ! has_io && { [ ! -x "$build/tests/$program" ] || [ "$(count_tests "$program" "$filter")" -eq 0 ]; }; then
      leave_out "$name" "this build is without files and training (--no-io)"
      continue
    fi
    if ! $resume && [ -n "$(time_left)" ]; then rm -f "$tests"; fi
    run "$name" tests/every_test.sh "$out/$name" "$patience" "$filter" "$@" "$build/tests/$program" </dev/null
    $ran || continue
    note "    $(grep -c '^passed ' "$tests") passed, $(grep -c '^skipped ' "$tests") skipped, of $(
      count_tests "$program" "$filter")"
    sed -n 's/^failed /    FAILED /p' "$tests" | tee -a "$summary"
    if grep -q "^$name 0" "$done_before" 2>/dev/null && ! grep -q '^passed ' "$tests"; then
      note "    no test passed: $(grep -m1 -iE 'skipp|not available' "$out/$name.log" | cut -c1-150)"
      failures=$((failures + 1))
    fi
  done <<<"$tests_of_steps"
}

# Packages that were unpacked elsewhere, and the folder of cuDNN, whose parts load each other by name.
use_prefix() {
  local libraries
  libraries=$prefix/usr/lib/$(uname -m)-linux-gnu
  export CMAKE_PREFIX_PATH=$prefix/usr${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
  export CMAKE_LIBRARY_PATH=$libraries LIBRARY_PATH=$libraries${LIBRARY_PATH:+:$LIBRARY_PATH}
  export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}
use_cudnn() {
  local cudnn
  cudnn=$(sed -n 's/^CUDNN_LIBRARY:[^=]*=//p' "$build/CMakeCache.txt" 2>/dev/null)
  [ -e "$cudnn" ] || return
  cudnn=$(dirname "$cudnn")
  export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$cudnn
}

step_build() {
  local io=() programs=(test_cuda test_nn)
  if $with_io; then programs=(falx test_train "${programs[@]}"); else io=(-DFALX_IO=OFF); fi
  run build-configure cmake --preset tests -B "$build" -DFALX_CUDA=ON -DFALX_BENCHMARKS=OFF "${io[@]}" || return
  $with_io || note "build: without files and training (--no-io)"
  run build-programs cmake --build "$build" --parallel --target "${programs[@]}"
}

sanitize() {
  local tool=$1 sanitizer
  sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
  if [ -z "$sanitizer" ]; then
    leave_out "$tool" "compute-sanitizer is not installed"
    return
  fi
  local options=(--tool "$tool" --error-exitcode 9 --print-limit 20)
  # A call that fails is no error by itself: libraries ask for what may not be there, and our tests see their own.
  [ "$tool" != memcheck ] || options+=(--report-api-errors no)
  # Every tensor gets a cudaMalloc of its own, or a sanitizer would take its neighbours' memory for its.
  run_tests "$tool" $((2 * test_limit)) env FALX_GPU_BLOCKS_ALONE=1 "$sanitizer" "${options[@]}"
}

step_device() {
  if has_io; then
    run machine sh -c '"$1" info --json >"$2"' info "$build/apps/falx" "$out/machine.json.new" ||
      : >"$out/machine.json.new"
    keep "$out/machine.json"
  fi
  run_tests device "$test_limit"
  $ran || return
  local log=$out/device-test_cuda.log
  sed -n 's/^description //p' "$log" >"$out/device.json.new"
  keep "$out/device.json"
  grep -E '^(ceiling|plans|plan|cuDNN) ' "$log" | sed 's/^/    /' | tee -a "$summary"
}

falx_is_there() {
  has_io && return
  leave_out "$1" "there is no falx (built with --no-io)"
  return 1
}

# A line of JSON for each network, precision and work, before anything slower is tried; with the options of step bench.
step_falx() {
  falx_is_there falx || return
  local model precision what name most=${limit%.*}
  local limit=$((most < 300 ? most : 300)) # of one line
  for precision in bf16 f32; do
    for model in densenet121 vgg16 cnn cnn-2019; do
      for what in train infer; do
        name=falx-$model-$precision-$what
        run "$name" "$build/apps/falx" bench --device cuda --model "$model" --precision "$precision" --what "$what" \
          --batch 256 --size 224 --autotune --json && $ran && tail -1 "$out/$name.log" >>"$out/falx.jsonl"
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
      no_time bench "$precision $size px, batch $batch, $what and the rows after it"
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

[ -z "$prefix" ] || use_prefix
use_cudnn
note "$(date -u '+%Y-%m-%d %H:%M') UTC, commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $gpus"
for step in "${steps[@]}"; do
  [ -n "$(time_left)" ] || { no_time "$step"; continue; }
  case $step in
    build)
      step_build || { note "nothing to run without a build"; break; }
      use_cudnn
      ;;
    memcheck | racecheck | initcheck | synccheck) sanitize "$step" ;;
    device | falx | bench) "step_$step" ;;
    *) run_tests "$step" "$test_limit" ;;
  esac
done
verdict="all passed"
[ $waiting -eq 0 ] || verdict="nothing failed"
[ $left_out -eq 0 ] || verdict="nothing failed, but $left_out left out"
[ $failures -eq 0 ] || verdict="$failures failures, $left_out left out"
[ $waiting -eq 0 ] || verdict="$verdict; no time for $waiting: run it again, with --resume"
note "$verdict, in $SECONDS s; logs in $out"
[ $waiting -eq 0 ] || exit $unfinished
[ $failures -eq 0 ] || exit 1
[ $left_out -eq 0 ] || exit 4

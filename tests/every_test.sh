#!/usr/bin/env bash
# Every test of a program, whatever one of them does to it: when a test ends the program, hangs, or leaves a GPU on which
# nothing works any more (after an illegal access every later call fails), a fresh process goes on behind that test.
#   tests/every_test.sh NAME SECONDS FILTER COMMAND...
#     NAME      NAME.log: all that was said; NAME.tests: a line for each test that is done, "passed Suite.Test". Tests
#               that are listed there are not run again: what was ended from outside goes on when it is started again.
#     SECONDS   that one test may take
#     COMMAND   ends with the program; in front of it may be a sanitizer
# Exit code: 0 all passed or skipped, 1 one failed, 2 wrong usage or no tests, 75 ended by a signal before the last test,
# 9 the command's own complaint (compute-sanitizer --error-exitcode 9) though each test passed.
set -uo pipefail
[ $# -ge 4 ] || { sed -n '2,/^# Exit code/p' "$0" | cut -c3- >&2; exit 2; }
log=$1.log done=$1.tests patience=$2 filter=$3
shift 3
command=("$@")
program=${command[-1]}
part=$log.part
pid=

all=$("$program" --gtest_list_tests --gtest_filter="$filter" </dev/null |
  awk '/^[^ ]/ { suite = $1 } /^ / && (suite $1) !~ /DISABLED_/ { print suite $1 }')
[ -n "$all" ] || { echo "no test of $program fits $filter" | tee -a "$log"; exit 2; }
touch "$done" "$log"
remaining() { awk 'FILENAME != "-" { done[$2] = 1; next } !($1 in done)' "$done" - <<<"$all"; }

# What a process said becomes lines of $done. After a test that lost the GPU nothing counts. `last` is the fate of a test
# without an end; empty: it will be run again.
count_results() {
  [ -f "$part" ] || return
  awk -v last="$1" '
    /^\[ RUN      \] / { test = $4; lost = wrong = 0; next }
    /^========= (Invalid|Misaligned|Uninitialized|Unused|Race|Error|ERROR|Barrier|Program hit)/ { wrong = 1 }  # a sanitizer
    /illegal memory access|illegal address|illegal instruction|misaligned address|unspecified launch failure|device-side assert|invalid program counter|hardware stack error|uncorrectable/ { lost = 1 }
    test == "" { next }
    /\[       OK \] / { print (wrong ? "failed " : "passed ") test; test = "" }
    /\[  SKIPPED \] / { print "skipped " test; test = "" }
    /\[  FAILED  \] / { print "failed " test; test = ""; if (lost) exit }
    END { if (test != "" && last != "") print last " " test }' "$part" >>"$done"
  cat "$part" >>"$log"
  rm -f "$part"
}

ended() {
  if [ -n "$pid" ]; then
    kill -TERM "$pid" 2>/dev/null
    sleep 0.3
    kill -KILL "$pid" 2>/dev/null
  fi
  count_results ""
  exit 75
}
trap ended TERM INT

flags=$(mktemp) || exit 1
trap 'rm -f "$flags"' EXIT
while tests=$(remaining) && [ -n "$tests" ]; do
  printf -- '--gtest_filter=%s\n' "$(paste -sd: <<<"$tests")" >"$flags"
  "${command[@]}" --gtest_flagfile="$flags" --gtest_color=no >"$part" 2>&1 </dev/null &
  pid=$!
  begun=0 since=$SECONDS fate=failed
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.1
    now=$(grep -c '^\[ RUN  ' "$part")
    [ "$now" = "$begun" ] || { begun=$now since=$SECONDS; }
    [ $((SECONDS - since)) -le "$patience" ] && continue
    echo "tests/every_test.sh: the test was ended after $patience s" >>"$part"
    kill -KILL "$pid"
    break
  done
  wait "$pid" 2>/dev/null
  status=$?
  pid=
  grep -q '^\[==========\] .* ran\.' "$part" || echo "tests/every_test.sh: the program ended with exit code $status" >>"$part"
  [ $status -ne 9 ] || echo "complaint of-process-$(wc -l <"$done")" >>"$done"
  count_results "$fate"
  # A program that ends before its first test would end so again: the first test takes the blame.
  [ "$(remaining)" != "$tests" ] || echo "failed $(head -1 <<<"$tests")" >>"$done"
done

passed=$(grep -c '^passed ' "$done") skipped=$(grep -c '^skipped ' "$done") failed=$(grep -c '^failed ' "$done")
echo "$passed passed, $skipped skipped, $failed failed" >>"$log"
[ "$failed" -eq 0 ] || exit 1
! grep -q '^complaint ' "$done" || exit 9
exit 0

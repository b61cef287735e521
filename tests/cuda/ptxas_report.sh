#!/usr/bin/env bash
# What ptxas said of every kernel while it was compiled: registers, and whether it spills them or uses local memory,
# which on a GPU is slow memory. Fails if one does, or if a .cu file has no report.
#   tests/cuda/ptxas_report.sh OBJECTS [--all]     OBJECTS: the folder of the objects, with *.ptxas beside each;
#                                                  --all: every kernel, not only the most registers of each file
set -euo pipefail
cd "$(dirname "$0")/../.."

case ${1:-} in "" | -h | --help) sed -n '2,5p' "$0" | cut -c3-; exit 2 ;; esac
objects=$1
all=0
[ "${2:-}" = --all ] && all=1

failed=0
for source in cuda/*/*.cu; do
  report=$objects/${source#cuda/}.o.ptxas
  [ -f "$report" ] || { echo "$source has no report ($report)"; failed=1; }
done
[ $failed -eq 0 ] || exit 1

cat "$objects"/*/*.ptxas | c++filt | awk -v all=$all '
  /Compiling entry function/ { split($0, quoted, "\047"); kernel = quoted[2]; architecture = quoted[4]; own = "" }
  /Function properties for/ { own = $0; sub(/.*Function properties for /, "", own) }
  /bytes stack frame/ {
    stack = $1; stores = $5; loads = $9
    if (stack + stores + loads > 0) bad[architecture ": " own ": stack " stack ", spill stores " stores ", loads " loads] = 1
  }
  /Used [0-9]+ registers/ {
    match($0, /Used [0-9]+/)
    registers = substr($0, RSTART + 5, RLENGTH - 5) + 0
    ++kernels[architecture]
    if (registers > most[architecture]) { most[architecture] = registers; whose[architecture] = kernel }
    if (all) printf "%-6s %3d registers  %s\n", architecture, registers, kernel
  }
  END {
    for (a in kernels) printf "%s: %d kernels, at most %d registers (%s)\n", a, kernels[a], most[a], whose[a]
    for (b in bad) { print "uses local memory: " b; failed = 1 }
    if (length(kernels) == 0) { print "no kernel was compiled"; failed = 1 }
    exit failed
  }'

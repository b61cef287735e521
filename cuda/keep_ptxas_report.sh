#!/bin/sh
# A compiler launcher: runs nvcc and keeps what ptxas says of each kernel (registers, stack, spills) in OBJECT.ptxas
# instead of showing it.
#   keep_ptxas_report.sh [ccache] nvcc ... -o OBJECT ...
object=
previous=
for argument; do
  [ "$previous" = -o ] && object=$argument
  previous=$argument
done
"$@" 2>"$object.stderr"
status=$?
report='^ptxas info|^    [0-9]+ bytes stack frame'
grep -E "$report" "$object.stderr" >"$object.ptxas"
grep -vE "$report" "$object.stderr" >&2
rm -f "$object.stderr"
exit $status

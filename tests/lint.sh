#!/usr/bin/env bash
# What a compiler does not check: formatting, include directions, and clang-tidy on files that differ from BASE.
#   tests/lint.sh [BASE]     BASE: a commit; default: the parent of the last commit
set -euo pipefail
cd "$(dirname "$0")/.."

if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  echo "lint: skipped, git does not read this folder as a checkout, so there is no list of the project's files"
  exit 0
fi

mapfile -t sources < <(git ls-files '*.cpp' '*.h' '*.cu' '*.cuh')
clang-format --dry-run --Werror "${sources[@]}"

# The layers of the tree: a folder may include only what is listed for it.
declare -A may_include=(
  [nn/core]="nn/core"
  [nn/tensor]="nn/tensor nn/core"
  [nn/functors]="nn/functors nn/core"
  [nn/kernels]="nn/kernels nn/functors nn/tensor nn/core"
  [nn/cpu]="nn/cpu nn/kernels nn/functors nn/tensor nn/core"
  [nn/cpu/target]="nn/cpu/target nn/core"
  [nn/cpu/loops]="nn/cpu/loops nn/kernels nn/functors nn/tensor nn/core"
  [nn/cpu/gemm]="nn/cpu/gemm nn/cpu/loops nn/cpu/target nn/tensor nn/core"
  [nn/cpu/bf16]="nn/cpu/bf16 nn/cpu/gemm nn/cpu/target nn/tensor nn/core"
  [nn/cpu/choice]="nn/cpu/choice nn/cpu/bf16 nn/kernels nn/tensor nn/core"
  [nn/cpu/filters]="nn/cpu/filters nn/cpu/target nn/tensor nn/core"
  [nn/cpu/winograd]="nn/cpu/winograd nn/cpu/choice nn/cpu/filters nn/cpu/gemm nn/cpu/loops nn/kernels nn/tensor nn/core"
  [nn/cpu/conv]="nn/cpu/conv nn/cpu/winograd nn/cpu/choice nn/cpu/filters nn/cpu/bf16 nn/cpu/gemm nn/cpu/loops nn/cpu/target nn/kernels nn/tensor nn/core"
  [nn/cpu/ct_input]="nn/cpu/ct_input nn/cpu/loops nn/kernels nn/functors nn/tensor nn/core"
  [cuda/runtime]="cuda/runtime nn/core"
  [cuda/launch]="cuda/launch cuda/runtime nn/kernels nn/tensor nn/core"
  [cuda/kernels]="cuda/kernels cuda/launch nn/kernels nn/functors nn/tensor nn/core"
  [cuda/cudnn]="cuda/cudnn nn/kernels nn/core"
  [cuda/gemm]="cuda/gemm cuda/cudnn cuda/runtime nn/kernels nn/tensor nn/core"
  [cuda/conv]="cuda/conv cuda/gemm cuda/cudnn cuda/kernels cuda/runtime nn/kernels nn/tensor nn/core"
  [cuda]="cuda nn/kernels nn/functors nn/tensor nn/core"
  [nn/autograd]="nn/autograd nn/kernels nn/tensor nn/core"
  [nn/ops]="nn/ops nn/autograd nn/kernels nn/functors nn/tensor nn/core"
  [nn/layers]="nn/layers nn/ops nn/autograd nn/kernels nn/tensor nn/core"
  [io]="io nn/tensor nn/core"
  [models]="models nn/layers nn/ops"
  [train]="train models io nn"
  [apps]="apps train models io nn/layers nn/cpu nn/tensor nn/core"
)
failed=0
for folder in "${!may_include[@]}"; do
  allowed=${may_include[$folder]}
  while IFS=: read -r file line; do
    included=$(sed -E 's/.*"([^"]+)".*/\1/' <<<"$line")
    ok=false
    for prefix in $allowed; do [[ $included == "$prefix"/* ]] && ok=true; done
    $ok || { echo "$file includes \"$included\", but $folder may include only: $allowed"; failed=1; }
  done < <(git grep -E '^#include "' -- "$folder/*.h" "$folder/*.cpp" "$folder/*.cu" "$folder/*.cuh")
done
if git grep -nE '#include [<"](Eigen|hwy)/' -- nn ':!nn/cpu'; then
  echo "Eigen and Highway belong in nn/cpu alone"
  failed=1
fi
if git grep -nE '#include [<"](dcmtk|openjpeg|stb_|hdf5)' -- '*.h' || git grep -nE '#include [<"](dcmtk|openjpeg)' -- nn models train apps; then
  echo "DCMTK and OpenJPEG belong in source files of io/ alone"
  failed=1
fi
[ $failed -eq 0 ]

base=${1:-$(git rev-parse -q --verify HEAD~1 || true)}
mapfile -t changed < <(git diff --name-only --diff-filter=d ${base:+"$base"} -- '*.cpp' | grep -v '\.fuzz\.cpp$' || true)
tidied="clang-tidy on ${#changed[@]} changed files"
if [ ! -f build/ci/compile_commands.json ]; then
  tidied="clang-tidy left out (cmake --preset ci makes what it needs)"
elif [ ${#changed[@]} -gt 0 ]; then
  printf '%s\n' "${changed[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/ci --warnings-as-errors='*'
fi
echo "lint: ${#sources[@]} files formatted, layers kept, $tidied"

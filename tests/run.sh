#!/usr/bin/env bash
# Builds everything and runs all tests, on a fresh Debian 12 or Ubuntu 24.04 machine: installs what is missing first.
#   tests/run.sh           format, g++ with warnings as errors, all tests; again under sanitizers; clang; lint
#   tests/run.sh --quick   g++ and the tests that are not slow
set -euo pipefail
cd "$(dirname "$0")/.."
source apps/packages.sh

quick=false
case ${1:-} in
  --quick) quick=true ;;
  "") ;;
  *) sed -n '2,4p' "$0" | cut -c3-; [ "$1" = --help ] || [ "$1" = -h ] || exit 2; exit 0 ;;
esac

step() { printf '\n== %s (at %d s)\n' "$*" "$SECONDS"; }
cores=$(nproc)

step "Packages"
install_packages "${packages_to_build[@]}" "${packages_to_test[@]}"

step "Build with warnings as errors"
cmake --preset ci >/dev/null
cmake --build --preset ci

if $quick; then
  step "Tests but for the slow ones"
  ctest --test-dir build/ci -j "$cores" --output-on-failure --timeout 900 -LE 'slow|forced'
  exit 0
fi

step "Source layout"
tests/lint.sh

step "Tests"
ctest --test-dir build/ci -j "$cores" --output-on-failure --timeout 900

step "Tests under AddressSanitizer and UndefinedBehaviorSanitizer"
cmake --preset asan >/dev/null
cmake --build --preset asan
ctest --test-dir build/asan -j "$cores" --output-on-failure --timeout 1800 -LE 'slow|forced'

step "The framework compiled by clang"
cmake --preset clang -DFALX_TESTS=OFF >/dev/null
cmake --build --preset clang

step "All passed"

#!/usr/bin/env bash
# What the build needs beside a compiler, CMake and CUDA, for a machine with a GPU that can install nothing: Debian's
# packages, fetched on another machine, carried over, and unpacked into a folder that belongs to nobody else.
#   tests/cuda/packages.sh fetch DIR [--no-io]       apt-get download, as .deb files (22 MB; --no-io: 3 MB)
#   tests/cuda/packages.sh unpack DIR PREFIX         without installing anything; then tests/gpu.sh --prefix PREFIX
# --no-io leaves out what files, training and the program need, as tests/gpu.sh --no-io does. HDF5, which is optional, is
# left out always: it brings forty more.
set -euo pipefail

framework=(libeigen3-dev libhwy-dev libhwy1 libgtest-dev libgmock-dev libfmt-dev libfmt9 nlohmann-json3-dev)
io=(libdcmtk-dev libdcmtk17 libopenjp2-7-dev libopenjp2-7 libxxhash-dev libxxhash0 libstb-dev libstb0 libcli11-dev
  libxml2 libicu72 liblzma5 zlib1g libssl3) # the second line: what DCMTK's libraries are linked with

case ${1:-} in
  fetch)
    [ $# -ge 2 ] && [ "${3:---no-io}" = --no-io ] || { sed -n '2,9p' "$0" | cut -c3- >&2; exit 2; }
    mkdir -p "$2"
    packages=("${framework[@]}")
    [ $# -gt 2 ] || packages+=("${io[@]}")
    (cd "$2" && apt-get download -qq "${packages[@]}")
    du -sh "$2"
    ;;
  unpack)
    [ $# -eq 3 ] || { sed -n '2,9p' "$0" | cut -c3- >&2; exit 2; }
    mkdir -p "$3"
    for package in "$2"/*.deb; do dpkg-deb -x "$package" "$3"; done
    # DCMTK names the libraries it is linked with by their place in Debian; its own libraries find them when they run.
    for targets in "$3"/usr/lib/*/cmake/dcmtk/DCMTKTargets.cmake; do
      [ ! -e "$targets" ] || sed -i -E 's|;?/usr/lib/[^;"]*\.so||g' "$targets"
    done
    du -sh "$3"
    ;;
  *)
    sed -n '2,9p' "$0" | cut -c3- >&2
    exit 2
    ;;
esac

# Sourced by apps/quickstart.sh and tests/run.sh: installs the Debian or Ubuntu packages that are missing.

# What building and running falx needs.
packages_to_build=(g++ cmake ninja-build ccache libeigen3-dev libdcmtk-dev libopenjp2-7-dev libstb-dev libhwy-dev
  libcli11-dev libfmt-dev nlohmann-json3-dev libhdf5-dev libxxhash-dev)
# What the tests need besides: GoogleTest, Google Benchmark, dcmdump, a second compiler and the linters.
packages_to_test=(libgtest-dev libgmock-dev libbenchmark-dev dcmtk clang clang-format clang-tidy git)

# install_packages NAME...: says what it installs; asks for sudo only if something is missing.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "This script installs packages with apt-get (Debian, Ubuntu). Install these by other means: ${missing[*]}" >&2
    return 1
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run as root, or install sudo; missing packages: ${missing[*]}" >&2; return 1; }
    as_root=(sudo)
  fi
  echo "Installing packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

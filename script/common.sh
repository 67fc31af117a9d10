# Sourced by the other scripts: where the project is, and how they speak. Progress goes to standard
# error, so that standard output stays the program's own.
# shellcheck shell=bash disable=SC2034

project_root="$(CDPATH="" cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# Two compilers at once: more than that costs memory that small machines do not have.
build_jobs=2

say() { printf '%s\n' "$*" >&2; }
# stop CODE SENTENCE...: exit codes are those of docs/failure-table.md.
stop() {
  local code=$1
  shift
  say "$(basename -- "$0"): $*"
  exit "$code"
}

# configure PRESET: makes or renews build/PRESET. Ninja runs CMake again by itself when a file that CMake
# has read changes; it does not know of the presets, nor of a CMakeLists.txt that is new.
configure() {
  local folder="$project_root/build/$1"
  if [[ -e "$folder/build.ninja" ]] && ! find "$project_root" -path "$project_root/build" -prune -o \
    \( -name CMakeLists.txt -o -name CMakePresets.json -o -name '*.cmake' \) \
    -newer "$folder/build.ninja" -print -quit | grep -q .; then
    return 0
  fi
  mkdir -p "$folder"
  if ! (cd -- "$project_root" && cmake --preset "$1") >"$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    stop 1 "CMake could not configure preset '$1' (see above)"
  fi
  touch "$folder/build.ninja"
}

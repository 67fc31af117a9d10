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

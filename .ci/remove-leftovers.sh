#!/usr/bin/env bash
# Removes what tests leave behind when their run is ended in the middle, and says what that was: stacks of
# Compose, which come back with the Docker engine and take the cores of the next run, and a disk of their own.
set -euo pipefail

removed=()

# Those that `docker LIST` has of the tests' Compose projects, by a field: see tests/support/compose-stack.ts and, in
# orchestrator/runtimes/compose, tests/support/light-project.ts.
of_tests() {
  docker "${@:2}" --format "{{.Label \"com.docker.compose.project\"}} {{.$1}}" |
    awk '$1 ~ /^medallion-(e2e|test)-/ { print $2 }'
}

# remove WHAT FIELD "LIST" COMMAND...
remove() {
  local found list
  read -ra list <<<"$3"
  found=$(of_tests "$2" "${list[@]}")
  [ -n "$found" ] || return 0
  xargs docker "${@:4}" <<<"$found" >/dev/null
  removed+=("$(wc -l <<<"$found") $1")
}

if docker version >/dev/null 2>&1; then
  remove containers ID 'container ls --all' container rm --force --volumes
  remove networks ID 'network ls' network rm
  remove volumes Name 'volume ls' volume rm
fi

# The disk of tests/long/full-disk.test.ts. Programs of the test may still have files open there.
if [ -r /proc/mounts ]; then
  while read -r folder; do
    umount --lazy "$(printf '%b' "$folder")"
    removed+=("disk $folder")
  done < <(awk '$1 == "medallion-full-disk" { print $2 }' /proc/mounts)
fi

[ ${#removed[@]} -eq 0 ] || (IFS=,; echo "Removed what an earlier run left: ${removed[*]}" | sed 's/,/, /g')

#!/bin/bash
# `make demo` shows messages.
set -eu -o pipefail
cd "$(dirname "$0")/.."
said=$(mktemp)
trap 'rm -f "$said"' EXIT

make demo DEMO="--seconds 20" | tee "$said"
grep -q '^teleinfo/status *online' "$said"
grep -q '^teleinfo *{"ADCO":' "$said"

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev build - host programs and target code.
set -euo pipefail
bash conf/dev/deps.sh demo
make -s -j"$(nproc)" programs target "$@"

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The production line of tests/e2e/line.sh, on the nRF51822.
CHIP=nrf51822 exec bash tests/e2e/line.sh

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Serial numbers, tests/e2e/patches.sh, on the STM32F051.
CHIP=stm32f051 exec bash tests/e2e/patches.sh

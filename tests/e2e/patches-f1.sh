#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Serial numbers, tests/e2e/patches.sh, on the STM32F103xB.
CHIP=stm32f103xb exec bash tests/e2e/patches.sh

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sealed orders, tests/e2e/sealed.sh, on the STM32F103xE.
CHIP=stm32f103xe SHORT=1 exec bash tests/e2e/sealed.sh

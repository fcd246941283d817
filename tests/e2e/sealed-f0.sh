#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sealed orders, tests/e2e/sealed.sh, on the STM32F051.
CHIP=stm32f051 SHORT=1 exec bash tests/e2e/sealed.sh

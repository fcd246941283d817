#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The production line, building STM32F051s.
CHIP=stm32f051 exec bash tests/e2e/line.sh

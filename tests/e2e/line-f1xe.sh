#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The production line, building STM32F103xE parts.
CHIP=stm32f103xe exec bash tests/e2e/line.sh

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The production line, building STM32F103xB parts.
CHIP=stm32f103xb exec bash tests/e2e/line.sh

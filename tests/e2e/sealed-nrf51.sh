#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sealed orders, tests/e2e/sealed.sh, on the nRF51822.
CHIP=nrf51822 SHORT=1 exec bash tests/e2e/sealed.sh

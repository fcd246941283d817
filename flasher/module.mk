# SPDX-License-Identifier: MIT
include flasher/target.mk

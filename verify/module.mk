# SPDX-License-Identifier: MIT
MODULES += verify
verify_SRC := verify/evidence.c verify/object.c verify/device.c \
	verify/firmware.c

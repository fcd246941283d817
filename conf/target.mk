# SPDX-License-Identifier: MIT
#
# Code for the chips: Debian's arm-none-eabi-gcc with picolibc, and BearSSL
# from Debian's source package (./dev deps).
#
# Reproducible: no paths, dates or file orders get into objects and archives.
TARGET_CC := arm-none-eabi-gcc
TARGET_AR := arm-none-eabi-gcc-ar
TARGET_OBJCOPY := arm-none-eabi-objcopy
TARGET_SIZE := arm-none-eabi-size
BEARSSL_SRC ?= build/deps/bearssl

TARGET_CPPFLAGS := -I.
TARGET_CFLAGS := -std=c11 -Os -g -ffreestanding -ffunction-sections \
	-fdata-sections -fno-common -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wundef -MMD -MP --specs=picolibc.specs \
	-ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(BEARSSL_SRC)=bearssl
TARGET_LDFLAGS := -nostartfiles -Wl,--gc-sections --specs=picolibc.specs \
	-Wl,--build-id=none -Wl,--fatal-warnings
TARGET_cm0 := -mcpu=cortex-m0 -mthumb
TARGET_cm3 := -mcpu=cortex-m3 -mthumb
TARGET_cm4 := -mcpu=cortex-m4 -mthumb -mfloat-abi=soft

# -- BearSSL -----------------------------------------------------------------
# No library: each adaptor in verify/ and seal/ includes exactly the sources it
# uses, so that what is never reached is left out (verify/
# signet_verify_bearssl.h, seal/prim.h).  Its inclusion as a system folder keeps warnings
# in others' code out of our output.
BEARSSL_CPPFLAGS := -isystem $(BEARSSL_SRC)/inc -isystem $(BEARSSL_SRC)/src
BEARSSL_CFLAGS := -fwhole-program
BEARSSL_ADAPTORS := $(foreach i,i15 m15 i31 m31,\
	verify/signet_verify_bearssl_$(i)) $(foreach i,m31 m15,\
	seal/prim_bearssl_$(i))

define BEARSSL_RULE
$(foreach c,cm0 cm3 cm4,$(T)/$(c)/$(1).o): \
	TARGET_CPPFLAGS += $(BEARSSL_CPPFLAGS)
$(foreach c,cm0 cm3 cm4,$(T)/$(c)/$(1).o): TARGET_CFLAGS += $(BEARSSL_CFLAGS)
$(foreach c,cm0 cm3 cm4,$(T)/$(c)/$(1).o): $(BEARSSL_SRC)/inc/bearssl.h
endef
$(foreach a,$(BEARSSL_ADAPTORS),$(eval $(call BEARSSL_RULE,$(a))))

# measured: without it P-256 in 13-bit words is inlined to 370 bytes more
$(T)/cm0/verify/signet_verify_bearssl_m15.o: \
	TARGET_CFLAGS += -fno-inline-functions-called-once

# What the loader's adaptors take rewritten (seal/reroll.awk).
BEARSSL_REROLL := hash/sha2small symcipher/chacha20_ct \
	symcipher/poly1305_ctmul symcipher/poly1305_ctmul32 \
	ec/ec_c25519_m31 ec/ec_c25519_m15
BEARSSL_LEAST := $(T)/gen/least/sha2small.c
BEARSSL_SMALL := $(foreach f,$(BEARSSL_REROLL),$(T)/gen/small/$(notdir $(f)).c)
define BEARSSL_REROLL_RULE
$(T)/gen/small/$(notdir $(1)).c: $(BEARSSL_SRC)/src/$(1).c
$(BEARSSL_SRC)/src/$(1).c: $(BEARSSL_SRC)/inc/bearssl.h
endef
$(foreach f,$(BEARSSL_REROLL),$(eval $(call BEARSSL_REROLL_RULE,$(f))))
$(BEARSSL_SMALL): seal/reroll.awk $(BEARSSL_SRC)/inc/bearssl.h
	@mkdir -p $(@D)
	awk -f seal/reroll.awk $(filter %.c,$^) >$@
$(T)/gen/least/sha2small.c: $(BEARSSL_SRC)/src/hash/sha2small.c
$(BEARSSL_LEAST): seal/reroll.awk
	@mkdir -p $(@D)
	awk -v least=1 -f seal/reroll.awk $(filter %.c,$^) >$@
BEARSSL_SMALL += $(BEARSSL_LEAST)

define BEARSSL_SMALL_RULE
$(T)/$(1).o: TARGET_CPPFLAGS += -isystem $(T)/gen
$(T)/$(1).o: $(BEARSSL_SMALL)
endef
$(foreach c,cm0 cm3 cm4,$(foreach i,m31 m15,$(eval $(call \
	BEARSSL_SMALL_RULE,$(c)/seal/prim_bearssl_$(i)))))

# measured, one after the other; most of it is loop invariants that cost more
# registers than they save
$(foreach c,cm0 cm3 cm4,$(foreach i,m31 m15,\
	$(T)/$(c)/seal/prim_bearssl_$(i).o)): TARGET_CFLAGS += \
	-fno-tree-loop-im -fno-move-loop-invariants -fno-schedule-insns2 \
	-fno-tree-coalesce-vars -fno-thread-jumps

$(BEARSSL_SRC)/inc/bearssl.h:
	@echo "no BearSSL source in $(BEARSSL_SRC): run ./dev deps" >&2; false

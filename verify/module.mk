# SPDX-License-Identifier: MIT
MODULES += verify
verify_SRC := verify/evidence.c verify/object.c verify/device.c \
	verify/firmware.c

# The BearSSL adaptors on the host, for tests only, each under its own name.
define BEARSSL_HOST_RULE
$(B)/verify/signet_verify_bearssl_$(1).o: CPPFLAGS += $(BEARSSL_CPPFLAGS) \
	-Dsignet_bearssl=bearssl_$(1)
$(B)/verify/signet_verify_bearssl_$(1).o: CFLAGS += $(BEARSSL_CFLAGS)
$(B)/verify/signet_verify_bearssl_$(1).o: $(BEARSSL_SRC)/inc/bearssl.h
endef
$(foreach i,i15 m15 i31 m31,$(eval $(call BEARSSL_HOST_RULE,$(i))))

TESTS += test_verify test_verify_edges
define VERIFY_TEST
$(1)_SRC := tests/unit/$(1).c tests/lib/verify_openssl.c \
	$(foreach i,i15 m15 i31 m31,verify/signet_verify_bearssl_$(i).c)
$(1)_USE := verify authority wire crypto base
$(1)_LIBS := -lcmocka -lcrypto
endef
$(foreach t,test_verify test_verify_edges,$(eval $(call VERIFY_TEST,$(t))))

TESTS += test_glitch
test_glitch_SRC := tests/unit/test_glitch.c tests/lib/thumb.c \
	tests/lib/elf32.c
test_glitch_USE := wire base
test_glitch_LIBS := -lcmocka -lunicorn
$(B)/test_glitch: $(T)/glitch/bootloader.elf

TESTS += test_boot
test_boot_SRC := tests/unit/test_boot.c tests/unit/vmcu_rig.c \
	tests/lib/elf32.c
test_boot_USE := vmcu authority wire crypto base
test_boot_LIBS := -lcmocka -lunicorn -lcrypto
$(B)/test_boot: $(T)/boot/bootloader.elf $(T)/boot/app.elf

# -- the delivery: two files that need nothing else of this tree --------------
VERIFY_DIST := build/verify
VERIFY_PUBLIC := base/error.h base/hard.h wire/const.h wire/credential.h \
	wire/release.h verify/signet_verify.h
VERIFY_PRIVATE := base/rw.h base/cbor.h base/ct.h wire/cose.h wire/name.h \
	wire/record.h verify/verify.h
VERIFY_CODE := base/rw.c base/cbor.c base/ct.c wire/cose.c wire/name.c \
	wire/record.c wire/credential.c wire/release.c $(verify_SRC)
VERIFY_ADAPTOR := $(foreach f,.h .c _glue.h _i15.c _m15.c _i31.c _m31.c,\
	verify/signet_verify_bearssl$(f))
DIST_AWK := awk -f verify/dist.awk

verify-dist: $(VERIFY_DIST)/signet_verify.h $(VERIFY_DIST)/signet_verify.c
	cp $(VERIFY_ADAPTOR) $(VERIFY_DIST)/

$(VERIFY_DIST)/signet_verify.h: $(VERIFY_PUBLIC) verify/dist.awk \
		verify/module.mk LICENSE
	@mkdir -p $(@D)
	{ echo '/*'; sed 's/^/ * /;s/ *$$//' LICENSE; echo ' */'; \
	$(DIST_AWK) -v part=types $(VERIFY_PUBLIC); } >$@

# rd_small is the one name that two sources have for themselves
$(VERIFY_DIST)/signet_verify.c: $(VERIFY_PUBLIC) $(VERIFY_PRIVATE) \
		$(VERIFY_CODE) verify/dist.awk verify/module.mk
	@mkdir -p $(@D)
	{ echo '/* SPDX-License-Identifier: MIT */'; \
	echo '#include "signet_verify.h"'; \
	echo '#define SIGNET_INTERNAL static __attribute__((unused))'; \
	$(DIST_AWK) -v part=types $(VERIFY_PRIVATE); \
	$(DIST_AWK) -v part=statics \
		$(filter-out base/error.h,$(VERIFY_PUBLIC)) $(VERIFY_PRIVATE); \
	for f in $(VERIFY_CODE); do \
		n=$$(basename $$f .c); \
		echo "#define rd_small $${n}_rd_small"; \
		$(DIST_AWK) -v part=code $$f; \
		echo '#undef rd_small'; \
	done; } >$@

.PHONY: verify-dist

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

TESTS += test_verify
test_verify_SRC := tests/unit/test_verify.c tests/lib/verify_openssl.c \
	$(foreach i,i15 m15 i31 m31,verify/signet_verify_bearssl_$(i).c)
test_verify_USE := verify authority wire crypto base
test_verify_LIBS := -lcmocka -lcrypto

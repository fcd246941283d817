# SPDX-License-Identifier: MIT
#
# One Makefile, not recursive.  Every folder lists its files in module.mk
# (no globs); conf/VARIANT.mk holds compiler and flags.
#
#   make                      host programs (VARIANT=host)
#   make VARIANT=asan         the same with ASan and UBSan
#   make target               code for the chips
#   make tests                test programs;  ./dev test runs them
#
# A module sets MODULES += x and x_SRC; it becomes build/VARIANT/libx.a.  With
# x_LIBS it names libraries that whoever uses it is linked with.
# A program sets PROGRAMS += p, p_SRC, p_USE (modules) and p_LIBS.
# A test program sets TESTS += t, and t_SRC, t_USE, t_LIBS likewise.
# A fuzz target sets FUZZERS += f and likewise; its corpus is tests/corpus/f.
# A benchmark program sets BENCHES += b and likewise.
# A program that only script tests run sets TOOLS += t and likewise.

VARIANT ?= host
B := build/$(VARIANT)
T := build/target

all: programs

include conf/$(VARIANT).mk
include conf/target.mk

CPPFLAGS += -I. -I$(B)/gen -D_GNU_SOURCE
CFLAGS += -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wundef -Wformat=2 -Wunused-result -fno-common -MMD -MP

MODULES :=
PROGRAMS :=
TESTS :=
FUZZERS :=
BENCHES :=
TOOLS :=
TARGETS :=

include base/module.mk
include wire/module.mk
include crypto/module.mk
include seal/module.mk
include image/module.mk
include authority/module.mk
include keys/module.mk
include verify/module.mk
include chip/module.mk
include probe/module.mk
include api/module.mk
include http/module.mk
include store/module.mk
include server/module.mk
include flasher/module.mk
include cli/module.mk
include vmcu/module.mk
include examples/module.mk
include loader/module.mk
include tests/module.mk
include bench/module.mk

objs = $(addprefix $(B)/,$(addsuffix .o,$(basename $(1))))
libs = $(foreach m,$(1),$(B)/lib$(m).a)

ALL_OBJS :=

define MODULE_RULE
$(B)/lib$(1).a: $(call objs,$($(1)_SRC))
	@rm -f $$@
	$$(AR) rcs $$@ $$^
ALL_OBJS += $(call objs,$($(1)_SRC))
endef
$(foreach m,$(MODULES),$(eval $(call MODULE_RULE,$(m))))

define PROGRAM_RULE
$(B)/$(1): $(call objs,$($(1)_SRC)) $(call libs,$($(1)_USE))
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $(call objs,$($(1)_SRC)) \
		-Wl,--start-group $(call libs,$($(1)_USE)) -Wl,--end-group \
		$($(1)_LIBS) $(sort $(foreach m,$($(1)_USE),$($(m)_LIBS))) $$(LDLIBS)
ALL_OBJS += $(call objs,$($(1)_SRC))
endef
$(foreach p,$(PROGRAMS) $(TESTS) $(FUZZERS) $(BENCHES) $(TOOLS),\
	$(eval $(call PROGRAM_RULE,$(p))))

programs: $(addprefix $(B)/,$(PROGRAMS))
tests: programs $(addprefix $(B)/,$(TESTS) $(TOOLS))
fuzzers: $(addprefix $(B)/,$(FUZZERS))
benches: programs $(addprefix $(B)/,$(BENCHES) $(TOOLS))
target: $(TARGETS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# Code for a chip: build/target/CPU/path.o, CPU = cm0 cm3 cm4.
define TARGET_RULE
$(T)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(TARGET_CC) $$(TARGET_CPPFLAGS) $$(TARGET_CFLAGS) $$(TARGET_$(1)) -c -o $$@ $$<
$(T)/$(1)/%.o: %.S
	@mkdir -p $$(@D)
	$$(TARGET_CC) $$(TARGET_CPPFLAGS) $$(TARGET_$(1)) -c -o $$@ $$<
endef
$(foreach c,cm0 cm3 cm4,$(eval $(call TARGET_RULE,$(c))))

list-tests: ; @echo $(TESTS)
list-fuzzers: ; @echo $(FUZZERS)
list-benches: ; @echo $(BENCHES)

clean:
	rm -rf build

-include $(ALL_OBJS:.o=.d)
-include $(shell find $(T) -name '*.d' 2>/dev/null)

ifeq (fuzz,$(VARIANT))
$(addprefix $(B)/,$(FUZZERS)): LDFLAGS += -fsanitize=fuzzer
endif

.PHONY: list-tests list-fuzzers list-benches all programs tests fuzzers benches target clean
.DELETE_ON_ERROR:
.SECONDARY:

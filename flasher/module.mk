# SPDX-License-Identifier: MIT
include flasher/target.mk

MODULES += station
station_SRC := flasher/conf.c flasher/station.c flasher/journal.c \
	flasher/outbox.c flasher/cache.c flasher/enrol.c

FUZZERS += fuzz_station
fuzz_station_SRC := tests/fuzz/fuzz_station.c tests/fuzz/replay_main.c
fuzz_station_USE := station ui httpc api keys crypto wire base
fuzz_station_LIBS := -lcurl -lssl -lcrypto -ljansson

FUZZERS += fuzz_cache
fuzz_cache_SRC := tests/fuzz/fuzz_cache.c tests/fuzz/replay_main.c
fuzz_cache_USE := station ui httpc api keys crypto wire base
fuzz_cache_LIBS := -lcurl -lssl -lcrypto -ljansson

PROGRAMS += signet-flasher
signet-flasher_SRC := flasher/main.c flasher/common.c flasher/command_enrol.c \
	flasher/command_program.c flasher/command_info.c flasher/job.c \
	flasher/job_server.c flasher/job_target.c \
	flasher/sealed.c flasher/sealed_steps.c flasher/link.c \
	flasher/result.c flasher/recover.c flasher/line.c flasher/ui.c
signet-flasher_USE := station target probe seal sealhost ui httpc api authority keys chip \
	wire crypto base
signet-flasher_LIBS := -lcurl -lssl -lcrypto -ljansson -lpthread

TESTS += test_station
test_station_SRC := tests/unit/test_station.c
test_station_USE := station ui httpc api keys crypto wire base
test_station_LIBS := -lcmocka -lcurl -lssl -lcrypto -ljansson

include flasher/stage0.mk

TESTS += test_relay
test_relay_SRC := tests/unit/test_relay.c flasher/link.c
test_relay_USE := probe seal sealhost wire base
test_relay_LIBS := -lcmocka -lcrypto

# The sealed job without a server; benchmarks and script tests run it.
TOOLS += sealed_tool
sealed_tool_SRC := tests/tools/sealed_tool.c flasher/link.c
sealed_tool_USE := target probe authority seal sealhost chip image wire crypto \
	base
sealed_tool_LIBS := -lcrypto

# SPDX-License-Identifier: MIT

BENCHES += bench_footprint
bench_footprint_SRC := bench/footprint.c tests/lib/thumb.c \
	tests/lib/elf32.c
bench_footprint_USE := authority wire crypto base
bench_footprint_LIBS := -lunicorn -ljansson -lcrypto

BENCHES += bench_grants
bench_grants_SRC := bench/grants.c bench/plant.c bench/https_load.c \
	bench/echo.c bench/rounds.c bench/usage.c tests/lib/ledger_bed.c
bench_grants_USE := httpc httpd signerd ledger store api authority seal sealhost \
	keys chip \
	crypto wire base
bench_grants_LIBS := -lcurl -lmicrohttpd -lgnutls -ljansson -lsqlite3 -lssl \
	-lcrypto -lpthread

BENCHES += bench_ledger
bench_ledger_SRC := bench/ledger.c tests/lib/ledger_bed.c
bench_ledger_USE := signerd ledger store api chip keys authority seal sealhost \
	crypto wire \
	base
bench_ledger_LIBS := -lsqlite3 -ljansson -lcrypto

BENCHES += bench_sealed
bench_sealed_SRC := bench/sealed.c tests/lib/ledger_bed.c \
	tests/lib/ledger_sealed.c tests/lib/soft_chip.c
bench_sealed_USE := signerd ledger store api chip keys authority seal sealhost \
	crypto wire base
bench_sealed_LIBS := -lsqlite3 -ljansson -lcrypto

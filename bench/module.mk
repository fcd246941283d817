# SPDX-License-Identifier: MIT

BENCHES += bench_footprint
bench_footprint_SRC := bench/footprint.c tests/lib/thumb.c
bench_footprint_USE := authority wire crypto base
bench_footprint_LIBS := -lunicorn -ljansson -lcrypto

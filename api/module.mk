# SPDX-License-Identifier: MIT
MODULES += api
api_SRC := api/shape.c api/shape_json.c api/shape_pack.c api/messages.c \
	api/request.c

TESTS += test_shape
test_shape_SRC := tests/unit/test_shape.c
test_shape_USE := api base
test_shape_LIBS := -lcmocka -ljansson -lcrypto

# libFuzzer brings its own main
API_REPLAY := $(if $(filter fuzz,$(VARIANT)),,tests/fuzz/replay_main.c)

FUZZERS += fuzz_shape_json fuzz_shape_pack
fuzz_shape_json_SRC := tests/fuzz/fuzz_shape_json.c $(API_REPLAY)
fuzz_shape_json_USE := api base
fuzz_shape_json_LIBS := -ljansson -lcrypto
fuzz_shape_pack_SRC := tests/fuzz/fuzz_shape_pack.c $(API_REPLAY)
fuzz_shape_pack_USE := api base
fuzz_shape_pack_LIBS := -ljansson -lcrypto

TESTS += test_api_doc
test_api_doc_SRC := tests/unit/test_api_doc.c
test_api_doc_USE := api base
test_api_doc_LIBS := -ljansson -lcrypto

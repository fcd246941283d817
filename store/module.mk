# SPDX-License-Identifier: MIT
MODULES += store
store_SRC := store/migrations.c store/sqlite.c store/sqlite_row.c \
	store/sqlite_catalog.c store/sqlite_flasher.c store/sqlite_grant.c \
	store/sqlite_log.c store/sqlite_sealed.c

/* SPDX-License-Identifier: MIT */
#include "tests/lib/ledger_check.h"

#include <stdio.h>

#include "server/ledger_int.h"
#include "store/sqlite_int.h"

/* Each counts the rows that break a rule. */
static const struct {
	const char *what, *sql;
} rules[] = {
	{ "delivered + reserved <= quantity",
	  "SELECT count(*) FROM orders WHERE delivered + reserved > quantity" },
	{ "an order's counters are its grants",
	  "SELECT count(*) FROM orders o WHERE"
	  " reserved <> (SELECT count(*) FROM grants"
	  "  WHERE order_id = o.id AND state = 1)"
	  " OR delivered <> (SELECT count(*) FROM grants"
	  "  WHERE order_id = o.id AND charged IS NOT NULL)"
	  " OR installed <> (SELECT count(*) FROM grants"
	  "  WHERE order_id = o.id AND state = 4)"
	  " OR closed <> (SELECT count(*) FROM grants"
	  "  WHERE order_id = o.id AND state = 5)"
	  " OR unknown <> (SELECT count(*) FROM grants"
	  "  WHERE order_id = o.id AND state = 6)"
	  " OR scrapped <> (SELECT count(*) FROM grants"
	  "  WHERE order_id = o.id AND state = 7)" },
	{ "a chip is charged once",
	  "SELECT count(*) FROM (SELECT 1 FROM grants"
	  " WHERE charged IS NOT NULL GROUP BY family, uid"
	  " HAVING count(*) > 1)" },
	{ "a charged grant has a credential, no other has",
	  "SELECT count(*) FROM grants"
	  " WHERE (charged IS NULL) <> (credential IS NULL)" },
	{ "serial numbers are given once",
	  "SELECT count(*) FROM (SELECT 1 FROM grants WHERE serial <> ''"
	  " GROUP BY serial HAVING count(*) > 1)" },
	{ "serial numbers have no holes",
	  "SELECT count(*) FROM orders WHERE serial_used <> delivered"
	  " AND serial_prefix <> ''" },
	{ "credit is what a flasher holds",
	  "SELECT count(*) FROM flashers f WHERE open <> (SELECT count(*)"
	  " FROM grants WHERE flasher_id = f.id AND held)" },
	{ "credit is kept",
	  "SELECT count(*) FROM flashers WHERE open > channels" },
	{ "only open grants are held",
	  "SELECT count(*) FROM grants WHERE held AND state IN (2, 5, 7)" },
	{ "what is reserved is held and has a lease",
	  "SELECT count(*) FROM grants"
	  " WHERE state = 1 AND (NOT held OR due IS NULL)" },
	{ "the log is dense", "SELECT (SELECT count(*) FROM log)"
			      " <> (SELECT coalesce(max(seq), 0) FROM log)" },
	{ "each delivery is in the log",
	  "SELECT (SELECT count(*) FROM log WHERE event = 'grant.delivered')"
	  " < (SELECT count(*) FROM grants WHERE charged IS NOT NULL)" },
	{ "sealed orders give flashers no keys",
	  "SELECT count(*) FROM requests r JOIN grants g ON g.id = r.grant_id"
	  " JOIN orders o ON o.id = g.order_id"
	  " WHERE o.mode = 2 AND r.kind = 2" },
	{ "each attempt of a sealed grant has its row, no other has",
	  "SELECT count(*) FROM grants g JOIN orders o ON o.id = g.order_id"
	  " WHERE (SELECT count(*) FROM attempts WHERE grant_id = g.id)"
	  "  <> CASE o.mode WHEN 2 THEN g.attempt ELSE 0 END" },
	{ "a sealed grant is charged when a handshake was answered",
	  "SELECT count(*) FROM grants g JOIN orders o ON o.id = g.order_id"
	  " WHERE o.mode = 2 AND (g.charged IS NOT NULL) <> EXISTS"
	  "  (SELECT 1 FROM attempts"
	  "   WHERE grant_id = g.id AND message2 IS NOT NULL)" },
	{ "installed and closed were said by the chip",
	  "SELECT count(*) FROM grants g JOIN orders o ON o.id = g.order_id"
	  " WHERE o.mode = 2 AND g.state IN (4, 5) AND NOT EXISTS"
	  "  (SELECT 1 FROM attempts WHERE grant_id = g.id"
	  "   AND sealed_commit IS NOT NULL)" },
	{ "no chip's key was answered twice",
	  "SELECT count(*) FROM (SELECT 1 FROM attempts"
	  " WHERE ephemeral IS NOT NULL GROUP BY ephemeral"
	  " HAVING count(*) > 1)" },
	{ "each answer belongs to a grant",
	  "SELECT count(*) FROM requests"
	  " WHERE grant_id NOT IN (SELECT id FROM grants)" },
	{ "foreign keys hold",
	  "SELECT count(*) FROM pragma_foreign_key_check" },
	{ "the file is sound", "SELECT count(*) FROM pragma_integrity_check"
			       " WHERE integrity_check <> 'ok'" },
};

int64_t ledger_number(struct ledger *l, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t v = -1;

	if (sqlite3_prepare_v2(l->db->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

int ledger_check(struct ledger *l)
{
	int broken = 0;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int64_t n = ledger_number(l, rules[i].sql);

		if (n == 0)
			continue;
		fprintf(stderr, "does not hold: %s (%lld)\n", rules[i].what,
			(long long)n);
		broken++;
	}
	return broken;
}

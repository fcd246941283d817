/* SPDX-License-Identifier: MIT */
/*
 * The plug is pulled after every single operation on the disk, the disk is
 * full at every write, and every sync fails once.
 *
 * A script goes through all that changes the ledger.  For each answer that it
 * got there is a fact: a question to the database that must say yes from then
 * on, and for requests with a key the answer itself, which must come again
 * byte for byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/cutvfs.h"
#include "tests/lib/ledger_bed.h"
#include "tests/lib/ledger_check.h"
#include "tests/lib/ledger_sealed.h"

#define FACTS_MAX 128

/* The plain run cuts after each operation.  The sanitized one looks for what
 * memory errors there are on the way back: every fifth tells. */
#ifdef __SANITIZE_ADDRESS__
#define CUT_EVERY 5
#else
#define CUT_EVERY 1
#endif

struct fact {
	size_t position; /* of the disk when the answer was given */
	char sql[200];
	enum api_op op; /* OP_NONE: no answer to be given again */
	int flasher;
	struct grant_request grant;
	struct deliver_request deliver;
	struct handshake_request handshake;
	struct installed_request installed;
	uint8_t message[SOFT_MESSAGE1_MAX]; /* of the last two */
	uint8_t *answer;		    /* packed */
	size_t answer_len;
};

static struct bed bed;
static struct bed_flasher flashers[2];
static struct fact facts[FACTS_MAX];
static size_t fact_count;
static const char *doing = "";
static size_t where;

static void die(const char *what)
{
	fprintf(stderr, "%s, operation %zu: %s\n", doing, where, what);
	abort();
}

static struct fact *fact(const char *sql)
{
	struct fact *f = &facts[fact_count++];

	if (fact_count > FACTS_MAX)
		abort();
	memset(f, 0, sizeof(*f));
	f->position = cutvfs_position();
	snprintf(f->sql, sizeof(f->sql), "%s", sql);
	return f;
}

static void forget_facts(void)
{
	for (size_t i = 0; i < fact_count; i++)
		free(facts[i].answer);
	fact_count = 0;
}

/* -- the script ---------------------------------------------------------- */
/*
 * Steps run with and without failures.  Whatever fails must say R_STORAGE, or
 * be the consequence of an earlier failure; `strict` allows neither.
 */
static bool strict;

static bool passed(enum refusal_code code)
{
	if (code == R_NONE)
		return true;
	if (strict)
		die("a step of the script was refused");
	return false;
}

static void grant(int f, const char *order, uint32_t chip, uint64_t nonce)
{
	struct grant_request q;
	struct grant_answer a;
	struct fact *x;

	bed_grant_request(order, chip, nonce, &q);
	if (!passed(bed_call(&bed, OP_GRANT, flashers[f].caller, &q, &a, NULL)))
		return;
	x = fact("SELECT 1");
	snprintf(x->sql, sizeof(x->sql),
		 "SELECT count(*) FROM grants WHERE id = %llu"
		 " AND attempt >= %u",
		 (unsigned long long)a.grant, a.attempt);
	x->op = OP_GRANT;
	x->flasher = f;
	x->grant = q;
	if (shape_pack(&grant_answer_shape, &a, &x->answer, &x->answer_len) < 0)
		abort();
}

static void deliver(int f, uint64_t id, uint32_t attempt, uint64_t nonce)
{
	struct deliver_request q = { .grant = id, .attempt = attempt };
	struct deliver_answer a;
	struct fact *x;

	q.nonce.len = NONCE_LEN;
	bed_nonce(nonce, q.nonce.data);
	if (!passed(bed_call(&bed, OP_DELIVER, flashers[f].caller, &q, &a,
			     NULL)))
		return;
	x = fact("SELECT 1");
	snprintf(x->sql, sizeof(x->sql),
		 "SELECT count(*) FROM grants WHERE id = %llu"
		 " AND charged IS NOT NULL",
		 (unsigned long long)id);
	x->op = OP_DELIVER;
	x->flasher = f;
	x->deliver = q;
	if (shape_pack(&deliver_answer_shape, &a, &x->answer, &x->answer_len) <
	    0)
		abort();
	shape_clear(&deliver_answer_shape, &a);
}

static void report(int f, uint64_t id, uint32_t attempt, const char *outcome,
		   const char *states)
{
	struct fact *x;

	if (!passed(bed_report(&bed, &flashers[f], id, attempt, outcome, NULL)))
		return;
	x = fact("");
	snprintf(x->sql, sizeof(x->sql),
		 "SELECT count(*) FROM grants WHERE id = %llu"
		 " AND state IN (%s)",
		 (unsigned long long)id, states);
}

/* A sealed device from grant to commit; each answer is a fact. */
static struct vault vault;

static void keep(struct fact *x, enum api_op op, int f, uint64_t id,
		 const char *where_clause, const void *answer)
{
	snprintf(x->sql, sizeof(x->sql),
		 "SELECT count(*) FROM attempts WHERE grant_id = %llu AND %s",
		 (unsigned long long)id, where_clause);
	x->op = op;
	x->flasher = f;
	if (shape_pack(api_route(op)->answer, answer, &x->answer,
		       &x->answer_len) < 0)
		abort();
}

static void keep_message(struct fact *x, struct blob *out, const uint8_t *msg,
			 size_t len)
{
	memcpy(x->message, msg, len);
	*out = (struct blob){ x->message, len };
}

static void sealed(int f, uint32_t chip, uint64_t nonce, bool fail_after)
{
	struct job j;
	struct fact *x;

	if (!passed(job_grant(&vault, &flashers[f], "vault", chip, nonce, &j)))
		return;
	x = fact("");
	bed_grant_request("vault", chip, nonce, &x->grant);
	keep(x, OP_GRANT, f, j.grant.grant, "", &j.grant);
	snprintf(x->sql, sizeof(x->sql),
		 "SELECT count(*) FROM attempts WHERE grant_id = %llu"
		 " AND attempt = %u",
		 (unsigned long long)j.grant.grant, j.grant.attempt);
	job_message1(&j);
	if (!passed(job_handshake(&j)))
		goto out;
	x = fact("");
	keep(x, OP_HANDSHAKE, f, j.grant.grant, "", &j.answer);
	x->handshake.grant = j.grant.grant;
	x->handshake.attempt = j.grant.attempt;
	keep_message(x, &x->handshake.message, j.message1, j.message1_len);
	snprintf(x->sql, sizeof(x->sql),
		 "SELECT count(*) FROM grants WHERE id = %llu"
		 " AND charged IS NOT NULL AND credential IS NOT NULL",
		 (unsigned long long)j.grant.grant);
	if (fail_after) {
		report(f, j.grant.grant, j.grant.attempt, "failed",
		       "3, 4, 5, 6, 7");
		goto out;
	}
	job_message2(&j);
	if (!passed(job_installed(&j)))
		goto out;
	x = fact("");
	keep(x, OP_INSTALLED, f, j.grant.grant, "sealed_commit IS NOT NULL",
	     &j.commit);
	x->installed.grant = j.grant.grant;
	x->installed.attempt = j.grant.attempt;
	keep_message(x, &x->installed.report, j.report, j.report_len);
out:
	job_clear(&j);
}

static void change_order(const char *name, const char *action,
			 const char *event)
{
	struct order_change q = { .order = "" };
	struct order a;
	struct fact *x;

	BED_SET(q.order, name);
	BED_SET(q.action, action);
	if (!passed(bed_call(&bed, OP_ORDER_CHANGE, bed.admin, &q, &a, NULL)))
		return;
	x = fact("");
	snprintf(x->sql, sizeof(x->sql),
		 "SELECT count(*) > 0 FROM log WHERE event = '%s'", event);
}

static void change_grant(uint64_t id, const char *action, const char *event)
{
	struct grant_change q = { .grant = id };
	struct device a;
	struct fact *x;

	BED_SET(q.action, action);
	if (!passed(bed_call(&bed, OP_GRANT_CHANGE, bed.admin, &q, &a, NULL)))
		return;
	shape_clear(&device_shape, &a);
	x = fact("");
	snprintf(x->sql, sizeof(x->sql),
		 "SELECT count(*) > 0 FROM log WHERE event = '%s'", event);
}

static void tick(void)
{
	int err = ledger_tick(bed.ledger);

	if (err < 0 && strict)
		die("the tick failed");
}

/* Three deliveries and a counterfeit in one transaction. */
static void batch(void)
{
	struct deliver_request q[3] = { { .grant = 4, .attempt = 1 },
					{ .grant = 5, .attempt = 1 },
					{ .grant = 99, .attempt = 1 } };
	struct deliver_answer a[3] = { { 0 }, { 0 }, { 0 } };
	struct ledger_job jobs[3];
	struct fact *x;

	for (int i = 0; i < 3; i++) {
		q[i].nonce.len = NONCE_LEN;
		bed_nonce(300 + (uint64_t)i, q[i].nonce.data);
		jobs[i] = (struct ledger_job){ OP_DELIVER,
					       flashers[1].caller,
					       &q[i],
					       &a[i],
					       { .http = 0 } };
	}
	(void)ledger_batch(bed.ledger, jobs, 3);
	for (int i = 0; i < 3; i++) {
		if (jobs[i].refusal.http != 0) {
			if (strict && i < 2)
				die("a delivery in the batch was refused");
			continue;
		}
		x = fact("SELECT 1");
		x->op = OP_DELIVER;
		x->flasher = 1;
		x->deliver = q[i];
		if (shape_pack(&deliver_answer_shape, &a[i], &x->answer,
			       &x->answer_len) < 0)
			abort();
		shape_clear(&deliver_answer_shape, &a[i]);
	}
}

static void set_up(void)
{
	if (bed_open(&bed) < 0)
		die("cannot open");
	bed_token(&bed);
	fact("SELECT count(*) FROM persons");
	bed_product(&bed);
	fact("SELECT count(*) FROM products p JOIN releases r"
	     " ON r.product_id = p.id JOIN release_files f"
	     " ON f.release_id = r.id WHERE p.name = '" BED_PRODUCT "'");
	bed_order(&bed, "o1", 6);
	bed_order(&bed, "o2", 1);
	fact("SELECT count(*) >= 2 FROM orders o JOIN order_contents c"
	     " ON c.order_id = o.id");
	vault_setup(&bed, &vault);
	vault_order(&vault, "vault", 3, "");
	fact("SELECT count(*) = 1 FROM loaders WHERE admitted");
	bed_enrol(&bed, "f0", BED_MAKER, 3, &flashers[0]);
	bed_enrol(&bed, "f1", BED_MAKER, 3, &flashers[1]);
	fact("SELECT count(*) = 2 FROM flashers f JOIN station_certs c"
	     " ON c.flasher_id = f.id WHERE f.state = 2");
}

static void script(void)
{
	int64_t began = bed.now;

	grant(0, "o1", 1, 1);
	deliver(0, 1, 1, 2);
	report(0, 1, 1, "installed", "4, 5");
	report(0, 1, 1, "closed", "5");
	grant(0, "o1", 2, 3);
	report(0, 2, 1, "failed", "1, 2, 3, 6, 7");
	grant(0, "o1", 2, 4);
	deliver(0, 2, 2, 5);
	grant(1, "o2", 3, 6);
	bed.now += 20;
	tick();
	grant(1, "o1", 4, 7);
	grant(1, "o1", 5, 8);
	batch();
	change_order("o1", "pause", "order.paused");
	change_order("o1", "resume", "order.resumed");
	change_grant(2, "scrap", "grant.scrapped");
	change_grant(5, "retry", "grant.retry");
	bed.now += bed.unknown_after_s;
	tick();
	report(1, 4, 1, "closed", "5");
	bed.now = began;
	sealed(0, 21, 400, false);
	sealed(0, 22, 401, true);
	sealed(0, 22, 402, false);
}

/* -- what must be so ----------------------------------------------------- */
static void check_answer(const struct fact *x)
{
	const struct shape *s = api_route(x->op)->answer;
	union {
		struct grant_answer grant;
		struct deliver_answer deliver;
		struct handshake_answer handshake;
		struct installed_answer installed;
	} a;
	const void *q = x->op == OP_GRANT	? (const void *)&x->grant
			: x->op == OP_HANDSHAKE ? (const void *)&x->handshake
			: x->op == OP_INSTALLED ? (const void *)&x->installed
						: (const void *)&x->deliver;
	uint8_t *packed = NULL;
	size_t len = 0;

	if (bed_call(&bed, x->op, flashers[x->flasher].caller, q, &a, NULL) !=
	    R_NONE)
		die("an answer that was given is refused now");
	if (shape_pack(s, &a, &packed, &len) < 0)
		abort();
	if (len != x->answer_len || memcmp(packed, x->answer, len) != 0)
		die("an answer that was given has changed");
	free(packed);
	shape_clear(s, &a);
}

static void check_facts(size_t position)
{
	for (size_t i = 0; i < fact_count; i++) {
		const struct fact *x = &facts[i];

		if (x->position > position)
			continue;
		if (ledger_number(bed.ledger, x->sql) != 1) {
			fprintf(stderr, "%s\n", x->sql);
			die("what was answered is not so");
		}
		if (x->op != OP_NONE)
			check_answer(x);
	}
}

static void check_sound(void)
{
	if (ledger_check(bed.ledger) != 0)
		die("the ledger is not sound");
}

/* -- power cuts ---------------------------------------------------------- */
static size_t setup_end;

static void cut_once(size_t n, enum cut_policy policy)
{
	static const char *const names[] = { "cut, unsynced lost",
					     "cut, last write torn",
					     "cut, sectors at random" };

	doing = names[policy];
	where = n;
	cutvfs_restore(n, policy, (uint32_t)n * 7919u + 1);
	if (bed_open(&bed) < 0)
		die("the database cannot be opened");
	check_sound();
	check_facts(n);
	if (n >= setup_end) {
		struct grant_answer a;
		enum refusal_code code = bed_grant(&bed, &flashers[0], "o1", 77,
						   5000, &a);

		/* and it goes on from there, unless the cut fell between
		 * pause and resume */
		if (code != R_NONE && code != R_ORDER_CLOSED)
			die("no further grant is possible");
		check_sound();
	}
	bed_shut(&bed);
}

static void test_cuts(void)
{
	size_t end;

	doing = "recording";
	cutvfs_reset();
	cutvfs_record(true);
	strict = true;
	set_up();
	setup_end = cutvfs_position();
	script();
	check_sound();
	bed_shut(&bed);
	end = cutvfs_position();
	cutvfs_record(false);
	for (size_t n = 0; n <= end; n += CUT_EVERY)
		for (int p = 0; p < CUT_POLICIES; p++)
			cut_once(n, (enum cut_policy)p);
	printf("power cut after 1 of %d of %zu operations, %d ways each, "
	       "%zu answers kept\n",
	       CUT_EVERY, end, (int)CUT_POLICIES, fact_count);
	forget_facts();
	for (int i = 0; i < 2; i++)
		bed_flasher_free(&flashers[i]);
}

/* -- failures ------------------------------------------------------------ */
static void prepare(void)
{
	cutvfs_reset();
	strict = true;
	set_up();
	forget_facts();
	bed_shut(&bed);
	cutvfs_save();
}

/* Once healed, the same requests go through, and what was answered during the
 * failure is still so; also after a restart. */
static void check_healed(void)
{
	size_t answered = fact_count;

	check_sound();
	check_facts(SIZE_MAX);
	script();
	check_sound();
	fact_count = answered < fact_count ? fact_count : answered;
	check_facts(SIZE_MAX);
	bed_shut(&bed);
	if (bed_open(&bed) < 0)
		die("cannot reopen");
	check_sound();
	check_facts(SIZE_MAX);
	bed_shut(&bed);
}

static bool fail_once(void (*arm)(size_t k), size_t k)
{
	bool came;

	where = k;
	cutvfs_rewind();
	strict = false;
	if (bed_open(&bed) < 0)
		die("cannot open");
	arm(k);
	script();
	came = cutvfs_hit();
	arm(0);
	check_healed();
	forget_facts();
	return came;
}

static void test_failures(const char *what, void (*arm)(size_t k))
{
	size_t k = 1;

	doing = what;
	prepare();
	while (fail_once(arm, k))
		k++;
	printf("%s: at each of %zu places\n", what, k - 1);
	for (int i = 0; i < 2; i++)
		bed_flasher_free(&flashers[i]);
}

/* A sync fails, the server goes on, and some time later the power goes. */
static bool sync_then_cut(size_t k)
{
	bool came;
	size_t end;

	where = k;
	cutvfs_reset();
	cutvfs_record(true);
	strict = true;
	set_up();
	strict = false;
	cutvfs_sync_fails_at(k);
	script();
	came = cutvfs_hit();
	end = cutvfs_position();
	bed_shut(&bed);
	for (int p = 0; p < CUT_POLICIES; p++) {
		cutvfs_restore(end, (enum cut_policy)p, (uint32_t)k);
		if (bed_open(&bed) < 0)
			die("cannot reopen");
		check_sound();
		check_facts(end);
		bed_shut(&bed);
	}
	forget_facts();
	for (int i = 0; i < 2; i++)
		bed_flasher_free(&flashers[i]);
	return came;
}

static void test_sync_then_cut(void)
{
	size_t k = 1;

	doing = "sync fails, then a cut";
	while (sync_then_cut(k))
		k++;
	printf("%s: at each of %zu places\n", doing, k - 1);
}

/* The refusal itself, and what the log says afterwards. */
static void test_refusal(void)
{
	struct grant_request q;
	struct grant_answer a;
	struct refusal r;
	struct log_entry e;

	doing = "refusal";
	prepare();
	cutvfs_rewind();
	if (bed_open(&bed) < 0)
		die("cannot open");
	cutvfs_full_at(1);
	bed_grant_request("o1", 1, 1, &q);
	for (int i = 0; i < 2; i++)
		if (bed_call(&bed, OP_GRANT, flashers[0].caller, &q, &a, &r) !=
			    R_STORAGE ||
		    !strstr(r.cause, "full") || a.grant != 0)
			die("a full disk is not said to be full");
	cutvfs_full_at(0);
	if (bed_call(&bed, OP_GRANT, flashers[0].caller, &q, &a, &r) != R_NONE)
		die("it does not go on once there is room");
	if (ledger_number(bed.ledger,
			  "SELECT count(*) FROM log WHERE"
			  " event = 'storage.failed' AND text LIKE '2 %'") != 1)
		die("the log does not tell of it");
	if (!bed_last_log(&bed, &e) || strcmp(e.event, "grant.reserved") != 0)
		die("the grant is not in the log");
	bed_shut(&bed);
	for (int i = 0; i < 2; i++)
		bed_flasher_free(&flashers[i]);
	printf("a full disk is refused, logged, and gone through\n");
}

int main(void)
{
	cutvfs_register();
	bed_keys(&bed);
	bed.vfs = CUTVFS_NAME;
	snprintf(bed.db, sizeof(bed.db), "/ledger.db");
	test_cuts();
	test_refusal();
	test_failures("disk full", cutvfs_full_at);
	test_failures("sync fails", cutvfs_sync_fails_at);
	test_sync_then_cut();
	cutvfs_reset();
	bed_teardown(&bed);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* What a job's end means: result, cause, next step, who can resolve it. */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "flasher/job.h"

static const char *const outcome_names[] = { "built", "refused", "failed",
					     "stopped" };

const char *job_outcome_name(enum job_outcome o)
{
	return outcome_names[o];
}

void job_clean_text(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	for (; *text && n + 1 < cap; text++) {
		unsigned char c = (unsigned char)*text;

		out[n++] = c < 0x20 || c >= 0x7f ? ' ' : (char)c;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static const struct {
	int err;
	const char *next;
} advices[] = {
	{ E_PROBE_LOST, "check that the probe is plugged in and its address is "
			"right; signet-flasher probes --plugged lists those "
			"on USB" },
	{ E_ARG, "correct what the cause names; signet-flasher.conf(5) has "
		 "the forms" },
	{ E_PROBE, "unplug the probe, plug it in again and repeat" },
	{ E_TARGET_LOST, "check that the board sits in its fixture and has "
			 "power, then repeat" },
	{ E_DAP_NO_ACK, "check that the board sits in its fixture and has "
			"power, then repeat" },
	{ E_DAP_PARITY, "check the cable to the board; a lower clock may "
			"help" },
	{ E_DAP_WAIT, "check the board's power and reset line, then repeat" },
	{ E_DAP_FAULT, "switch the board off and on, then repeat" },
	{ E_TARGET_FLASH, "repeat; set the board aside if it fails again" },
	{ E_TARGET_VERIFY, "repeat; set the board aside if it fails again" },
	{ E_TARGET_PROTECTED, "set the board aside and ask the owner" },
	{ E_TARGET_OPEN, "set the board aside and tell the owner: its "
			 "protection does not hold" },
	{ E_TARGET_FINGERPRINT, "set the part aside; it may be counterfeit, or "
				"of another type" },
	{ E_TARGET_CHIP, "put the right board in, or ask the owner for an "
			 "order of a release for this chip" },
	{ E_TARGET_NO_PROOF, "check the board's serial line and start pattern, "
			     "then repeat" },
	{ E_TARGET_POWER, "check the channel's power command" },
	{ E_TARGET, "repeat; set the board aside if it fails again" },
	{ E_DECRYPT, "repeat: the release is fetched anew; tell the "
		     "owner if it fails again" },
	{ E_DISK_FULL, "free space on the station's disk" },
	{ E_IO, "check the station's disk" },
	{ E_NET, "check the network; the device can be repeated when the "
		 "server is back" },
	{ E_TIMEOUT, "check the network; the device can be repeated when the "
		     "server is back" },
	{ E_TLS, "check the station's clock; enrol again if the certificate "
		 "is no longer accepted" },
	{ E_HTTP, "repeat; if it comes again, something on the way alters the "
		  "server's answers, or the versions of signet-flasher and "
		  "signetd do not fit" },
	{ E_CHECKSUM, "repeat: it is fetched anew; tell the owner if it fails "
		      "again" },
	{ E_RANDOM, "switch the board off and on and repeat; set it aside if "
		    "its random numbers fail again" },
	{ E_UNSUPPORTED, "install a newer signet-flasher" },
	{ E_INTERRUPTED, "start again; the device can be repeated" },
};

const char *job_advice(int err)
{
	for (size_t i = 0; i < ARRAY_LEN(advices); i++)
		if (advices[i].err == err)
			return advices[i].next;
	return "repeat; tell the owner if it fails again";
}

/* After these refusals no other board has a chance. */
static bool refusal_ends_line(const char *code)
{
	static const char *const codes[] = {
		"order-used-up",  "order-closed",
		"not-allowed",	  "flasher-revoked",
		"not-authorised", "not-found",
		"storage",	  "internal",
		"bad-request",	  "mode",
		"proof-step",	  "loader-not-admitted",
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(codes[i], code) == 0)
			return true;
	return false;
}

void job_result_refused(struct job_result *r, const struct refusal *refusal)
{
	r->outcome = JOB_REFUSED;
	snprintf(r->code, sizeof(r->code), "%s", refusal->code);
	snprintf(r->cause, sizeof(r->cause), "%s", refusal->cause);
	snprintf(r->next, sizeof(r->next), "%s", refusal->next);
	snprintf(r->who, sizeof(r->who), "%s", refusal->who);
	r->hopeless = refusal_ends_line(r->code);
}

void job_result_failed(struct job_result *r, int err, const char *why)
{
	r->outcome = err == E_INTERRUPTED && r->grant == 0 ? JOB_STOPPED
							   : JOB_FAILED;
	snprintf(r->code, sizeof(r->code), "%s", error_name(err));
	snprintf(r->cause, sizeof(r->cause), "%s",
		 why[0] ? why : error_text(err));
	snprintf(r->next, sizeof(r->next), "%s", job_advice(err));
	snprintf(r->who, sizeof(r->who), "operator");
	/* Without the server no other board can begin either. */
	r->hopeless = err == E_DISK_FULL || err == E_TLS ||
		      err == E_UNSUPPORTED ||
		      (r->grant == 0 && (err == E_NET || err == E_TIMEOUT));
}

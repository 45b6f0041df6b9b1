/*
 * The recovery target: how far a restored server replays WAL, and on which timeline (PostgreSQL documentation,
 * "Recovery Target").
 */
#ifndef WALSHIP_RECOVERY_TARGET_H
#define WALSHIP_RECOVERY_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "walship/error.h"

enum target_kind { TARGET_END, TARGET_TIME, TARGET_LSN, TARGET_XID, TARGET_NAME, TARGET_IMMEDIATE };
enum target_timeline { TIMELINE_BY_MOMENT, TIMELINE_LATEST, TIMELINE_CURRENT, TIMELINE_NUMBER };

#define TARGET_NAME_MAX 64 /* MAXFNAMELEN in xlog_internal.h, with the 0 byte */

/* The options, as texts; NULL: not given. */
struct target_options {
	const char *time, *lsn, *xid, *name;
	const char *timeline, *action;
	bool immediate, exclusive;
	bool standby;
};

struct target {
	enum target_kind kind;
	const char *text; /* of the target as it was given; NULL for TARGET_END and TARGET_IMMEDIATE */
	int64_t time_us;  /* UTC, since 1970 */
	uint64_t lsn, xid;
	bool exclusive; /* stop just before the target, not just behind it */
	bool standby;
	const char *action; /* "pause", "promote" or "shutdown"; NULL: the server's default, pause */
	enum target_timeline timeline_kind;
	uint32_t timeline; /* of TIMELINE_NUMBER */
};

/* STATUS_USAGE when a text is not valid, or the options contradict each other. The texts must outlive the target. */
enum status target_parse(struct target *out, const struct target_options *options, struct error *err);

/*
 * Reads a time as PostgreSQL writes it: "2026-11-29 06:42:10.5+00". 'T' may stand for the blank, seconds may be
 * missing, and the offset may be Z, +01, +0100 or +01:00. STATUS_USAGE, also without an offset.
 */
enum status target_time_parse(const char *text, int64_t *time_us, struct error *err);

#define TARGET_TEXT_MAX 128

/* The target for people: "2026-11-29 06:42:10.500000 UTC", "LSN 0/3000060", "the end of the archived WAL". */
void target_text(const struct target *target, char out[TARGET_TEXT_MAX]);

#define TARGET_TIME_MAX 40

/* "2026-11-29 06:42:10.500000+00", which PostgreSQL reads in any TimeZone and DateStyle. */
void target_time_text(int64_t time_us, char out[TARGET_TIME_MAX]);

#endif

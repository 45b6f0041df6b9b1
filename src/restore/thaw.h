/* Brings objects back from an archive storage class before a restore, or says that somebody has to. */
#ifndef WALSHIP_RESTORE_THAW_H
#define WALSHIP_RESTORE_THAW_H

#include "console/console.h"
#include "restore/thaw_need.h"

struct thaw_settings {
	bool asks; /* request copies, and wait for them; else archived objects are an error */
	struct store_thaw request;
	int64_t timeout_ms; /* of the wait */
};

struct thaw {
	const struct thaw_settings *settings;
	const struct console *console;
	bool dry_run, json;
};

/*
 * Returns once none of the needed objects is archived. *stopped, with dry_run and asks: some are, and nothing more can
 * be said before they are back; it was printed.
 *
 * STATUS_UNREACHABLE: some are archived and settings->asks is false, or the store refuses the request, or timeout_ms
 * has passed. The requests remain: the next call goes on to wait for them. STATUS_USAGE: the storage class does not
 * have the tier.
 */
enum status thaw_run(const struct thaw *thaw, const struct thaw_need *need, bool *stopped, struct error *err);

#endif

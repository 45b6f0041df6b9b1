/*
 * A fetch from a repository or, where that fails, from its mirrors. "Not in the archive" is said only when each of them
 * definitely said so.
 */
#ifndef WALSHIP_ARCHIVE_FETCH_FETCH_MIRRORS_H
#define WALSHIP_ARCHIVE_FETCH_FETCH_MIRRORS_H

#include "base/call.h"
#include "repo/mirrors.h"

struct fetch_attempt {
	/*
	 * Fetches from one repository. *final, false at first: no other repository is asked, whatever the status is.
	 */
	enum status (*run)(void *arg, const struct repository_settings *settings, const struct call *call, bool *final,
			   struct error *err);
	void *arg;
	const char *name; /* of the file, for the log */
};

/*
 * Asks the repository, then each mirror, until the file is there. Each has an equal share of the time that is left. A
 * repository that did not answer is asked last for a while, which a note in its spool says.
 *
 * STATUS_MISSING only if all said so. Otherwise the status is the repository's own; if that one lacks the file, it is
 * STATUS_LOCAL or STATUS_UNREACHABLE, so that a standby tries again.
 */
enum status fetch_from_any(const struct repository_settings *settings, const struct mirrors *mirrors,
			   const struct call *call, const struct fetch_attempt *attempt, struct error *err);

/* Whether the note says that the repository did not answer lately. */
bool fetch_is_away(const struct repository_settings *settings, const struct call *call);

#endif

/* The times of the first and the last transaction in a window: between them, a recovery can go to any moment. */
#ifndef WALSHIP_RECOVERY_WINDOW_TIMES_H
#define WALSHIP_RECOVERY_WINDOW_TIMES_H

#include "console/progress.h"
#include "repo/coverage.h"
#include "repo/repository.h"

struct window_reader {
	const struct repository *repo;
	const struct call *call;
	struct progress *progress;        /* may be NULL */
	const struct commit_notes *notes; /* may be NULL */
	bool notes_only;                  /* read no segments: times that the notes lack are unknown */
};

/* Of commits and aborts, in microseconds since 1970, UTC. 0: unknown, or the window has none. */
struct window_times {
	int64_t first_us, last_us;
};

/*
 * Takes the times from the notes; where these lack them, reads the first segments up to the first end of a transaction,
 * and the last ones likewise. A time that cannot be read is logged as a warning and stays 0.
 */
void window_times_read(struct window_times *out, const struct window_reader *reader, const struct coverage *coverage,
		       const struct coverage_window *window);

#endif

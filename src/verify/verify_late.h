/* Segments that were missing in the listing only because push-ahead stores later segments first. */
#ifndef WALSHIP_VERIFY_VERIFY_LATE_H
#define WALSHIP_VERIFY_VERIFY_LATE_H

#include "base/call.h"
#include "repo/coverage.h"
#include "store/store.h"

struct late_search {
	const struct call *call;
	struct store *store;
	int64_t push_timeout_ms; /* what was stored within this time may have overtaken an earlier segment */
};

/*
 * Looks again, twice within LATE_WAIT_MS, for missing segments near WAL that was stored a moment ago, and adds those
 * that have been stored meanwhile to the coverage. Without such a gap it costs nothing. Fails as a listing does.
 */
#define LATE_WAIT_MS 3000
enum status verify_late(const struct late_search *search, struct coverage *coverage, struct error *err);

#endif

/* The end of a chain under test: keeps what it is given, fails where it is told to, and notes what is done to it. */
#ifndef TEST_SUPPORT_COLLECT_H
#define TEST_SUPPORT_COLLECT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "stream/sink.h"

struct collect {
	struct buffer bytes; /* what came; the caller's to fini */
	size_t longest_write;
	enum status fail_with;   /* STATUS_OK: never fails */
	size_t fail_at;          /* the write that brings byte fail_at fails */
	bool fail_finish;        /* finish fails */
	int finished, freed;     /* how often */
	int writes_after_finish; /* must stay 0 */
	int writes_after_failure;
	bool failed;
};

/* A sink that reports to state, which must outlive it. */
struct sink *collect_new(struct collect *state);

#endif

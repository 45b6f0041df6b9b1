/*
 * A library that is loaded when it is first needed: PostgreSQL starts walship for every segment, and the loader's
 * work for libcurl and the thirty behind it would be most of a call that needs no network.
 *
 * What is called is a table of typed function pointers (sys/libcrypto.h, net/http/libcurl.h), empty until then.
 */
#ifndef WALSHIP_BASE_LATE_H
#define WALSHIP_BASE_LATE_H

#include <stddef.h>

#include "walship/error.h"

struct late_symbol {
	const char *name;
	void *where; /* a function pointer's address; it is NULL until the library is loaded */
};

struct late_library {
	const char *soname;
	const char *hint; /* what to install when it is not there */
	const struct late_symbol *symbols;
	size_t count; /* 1 at least */
};

/* A macro's value as text, for a version in a soname. */
#define LATE_TEXT(macro) LATE_TEXT_AS_IS(macro)
#define LATE_TEXT_AS_IS(words) #words

/* For a list of functions _(function): the members of a table, and the symbols that fill it. */
#define LATE_POINTER(function) __typeof__ (&(function))(function);

/*
 * Fills all the pointers, or none: STATUS_LOCAL when the library is not there or lacks one of them. Does nothing when
 * they are filled. It stays loaded. Any thread may call it, and may use the table after it has.
 */
enum status late_load(const struct late_library *library, struct error *err);

#endif

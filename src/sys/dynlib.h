/*
 * A library that is loaded when it is first needed: PostgreSQL starts walship for every segment, and the loader's
 * work for libcurl and the thirty behind it would be most of a call that needs no network.
 *
 * What is called is a table of typed function pointers (sys/libcrypto.h, net/http/libcurl.h), empty until then.
 */
#ifndef WALSHIP_SYS_DYNLIB_H
#define WALSHIP_SYS_DYNLIB_H

#include <stddef.h>

#include "walship/error.h"

struct dynlib_symbol {
	const char *name;
	void *where; /* a function pointer's address; it is NULL until the library is loaded */
};

struct dynlib {
	const char *soname;
	const char *hint; /* what to install when it is not there */
	const struct dynlib_symbol *symbols;
	size_t count; /* 1 at least */
};

/* A macro's value as text, for a version in a soname. */
#define DYNLIB_TEXT(macro) DYNLIB_TEXT_AS_IS(macro)
#define DYNLIB_TEXT_AS_IS(words) #words

/* For a list of functions _(function): the members of a table, and the symbols that fill it. */
#define DYNLIB_POINTER(function) __typeof__ (&(function))(function);

/*
 * Fills all the pointers, or none: STATUS_LOCAL when the library is not there or lacks one of them. Does nothing when
 * they are filled. It stays loaded. Any thread may call it, and may use the table after it has.
 */
enum status dynlib_load(const struct dynlib *library, struct error *err);

#endif

/* The valid name that somebody probably meant. */
#ifndef WALSHIP_CONFIG_NEAREST_H
#define WALSHIP_CONFIG_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *wanted;
	const char *name; /* the best so far, not 0-terminated; NULL when none was offered */
	size_t len;
	size_t distance;
};

struct nearest nearest_begin(const char *wanted);

/* Offers a valid name of len bytes, which must outlive *nearest. Of equals the first stays. */
void nearest_offer(struct nearest *nearest, const char *name, size_t len);

#endif

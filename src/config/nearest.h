/* The valid name that somebody probably meant. */
#ifndef WALSHIP_CONFIG_NEAREST_H
#define WALSHIP_CONFIG_NEAREST_H

#include <stdbool.h>
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

/* Whether the best is so like what was wanted that it may have been meant: a letter in three is another one at most. */
bool nearest_is_near(const struct nearest *nearest);

#endif

/* Finds the valid name nearest to a misspelled one. */
#ifndef WALSHIP_CONFIG_NEAREST_H
#define WALSHIP_CONFIG_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

struct nearest {
	const char *wanted;
	const char *name; /* the nearest so far, not null-terminated; NULL before the first offer */
	size_t len;
	size_t distance;
};

struct nearest nearest_begin(const char *wanted);

/* Offers a valid name of len bytes, which must outlive *nearest. Among equally near names the first one stays. */
void nearest_offer(struct nearest *nearest, const char *name, size_t len);

/* Whether the nearest name is near enough to suggest: at most one edit per three letters. */
bool nearest_is_near(const struct nearest *nearest);

#endif

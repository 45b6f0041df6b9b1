/* The lesser of two sizes. */
#ifndef WALSHIP_BASE_MIN_H
#define WALSHIP_BASE_MIN_H

#include <stddef.h>

static inline size_t size_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

#endif

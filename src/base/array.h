/* Arrays that double. */
#ifndef WALSHIP_BASE_ARRAY_H
#define WALSHIP_BASE_ARRAY_H

#include <stddef.h>

/* items with room for one more than count, moved perhaps; NULL, and items as they were, when there is no memory. */
void *array_grown(void *items, size_t count, size_t *capacity, size_t item_bytes);

#endif

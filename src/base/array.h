/* Growable arrays: the capacity doubles. */
#ifndef WALSHIP_BASE_ARRAY_H
#define WALSHIP_BASE_ARRAY_H

#include <stddef.h>

/*
 * Returns items with room for count + 1 elements; the array may move and *capacity may grow. Returns NULL when memory
 * is short; items then stays valid and unchanged.
 */
void *array_grow(void *items, size_t count, size_t *capacity, size_t item_bytes);

#endif

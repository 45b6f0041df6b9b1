#include "base/array.h"

#include <stdlib.h>

#define FIRST_CAPACITY 16

void *array_grow(void *items, size_t count, size_t *capacity, size_t item_bytes)
{
	if (count < *capacity)
		return items;
	size_t wanted = *capacity == 0 ? FIRST_CAPACITY : 2 * *capacity;
	void *larger = reallocarray(items, wanted, item_bytes);
	if (larger != NULL)
		*capacity = wanted;
	return larger;
}

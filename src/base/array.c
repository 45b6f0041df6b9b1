#include "base/array.h"

#include <stdlib.h>

#define FIRST 16

void *array_grown(void *items, size_t count, size_t *capacity, size_t item_bytes)
{
	if (count < *capacity)
		return items;
	size_t wanted = *capacity == 0 ? FIRST : 2 * *capacity;
	void *larger = reallocarray(items, wanted, item_bytes);
	if (larger != NULL)
		*capacity = wanted;
	return larger;
}

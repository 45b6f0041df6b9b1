#include "config/nearest.h"

#include <stdint.h>
#include <string.h>

#include "base/min.h"

#define NAME_MAX_LEN 64 /* longer names are compared by their beginnings */

/* Levenshtein distance: the number of letters to change, add or remove. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[NAME_MAX_LEN + 1];
	a_len = size_min(a_len, NAME_MAX_LEN);
	b_len = size_min(b_len, NAME_MAX_LEN);
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t changed = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = size_min(changed, size_min(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_len];
}

struct nearest nearest_begin(const char *wanted)
{
	return (struct nearest){.wanted = wanted, .distance = SIZE_MAX};
}

void nearest_offer(struct nearest *nearest, const char *name, size_t len)
{
	size_t found = distance(nearest->wanted, strlen(nearest->wanted), name, len);
	if (found >= nearest->distance)
		return;
	nearest->name = name;
	nearest->len = len;
	nearest->distance = found;
}

/* Two transposed letters, as in "psuh", count as two edits. */
bool nearest_is_near(const struct nearest *nearest)
{
	return nearest->name != NULL && nearest->distance <= (strlen(nearest->wanted) + 2) / 3;
}

#include "text/text.h"

#include <stddef.h>

bool text_is_one_of(const char *text, const char *const *list, int (*compare)(const char *, const char *))
{
	for (; *list != NULL; list++)
		if (compare(text, *list) == 0)
			return true;
	return false;
}

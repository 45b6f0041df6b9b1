#include "base/environment.h"

#include <string.h>

const char *environment_value(const char *const *environment, const char *name, size_t len)
{
	for (; environment != NULL && *environment != NULL; environment++)
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return *environment + len + 1;
	return NULL;
}

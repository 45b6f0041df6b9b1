#include "store/object_name.h"

#include <stdbool.h>
#include <string.h>

#include "store/store.h"

static bool is_component(const char *text, size_t len)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	/* Names with a leading dot include "." and "..", and are reserved for unfinished files of a directory store. */
	return len > 0 && text[0] != '.' && strspn(text, allowed) >= len;
}

enum status object_name_check(const char *name, struct error *err)
{
	bool good = strlen(name) < OBJECT_NAME_MAX;
	const char *part = name;
	for (;;) {
		size_t len = strcspn(part, "/");
		good = good && is_component(part, len);
		if (part[len] == '\0')
			break;
		part += len + 1;
	}
	return good ? STATUS_OK : error_set(err, STATUS_USAGE, "'%.80s' is not a valid object name", name);
}

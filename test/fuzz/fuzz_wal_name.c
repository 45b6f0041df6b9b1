/* Names of WAL files, and what they become in a repository. */
#include <string.h>

#include "pg/wal/name.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256];
	char object[WAL_OBJECT_NAME_MAX];
	struct wal_name name;
	struct error err;
	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (wal_name_parse(&name, text, &err) != STATUS_OK)
		return 0;
	MUST(strcmp(name.text, text) == 0);
	MUST(strspn(text, "0123456789ABCDEF.abcehikloprstuy") == strlen(text));
	wal_object_name(object, UINT64_MAX, &name);
	MUST(strlen(object) + 1 < sizeof object);
	MUST(strstr(object, "..") == NULL && strstr(object, "//") == NULL);
	MUST(strcmp(strrchr(object, '/') + 1, text) == 0);
	return 0;
}

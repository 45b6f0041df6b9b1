#include "command/options/placeholder.h"

#include <string.h>

#include "base/path.h"
#include "pg/wal/name.h"

enum placeholder placeholder_of(const char *word)
{
	struct wal_name name;
	struct error ignored;
	const char *last = path_name(word);
	if (strcmp(last, "RECOVERYXLOG") == 0 || strcmp(last, "RECOVERYHISTORY") == 0)
		return PLACEHOLDER_RESTORED_PATH;
	if (wal_name_parse(&name, last, &ignored) != STATUS_OK)
		return PLACEHOLDER_NONE;
	if (last == word)
		return PLACEHOLDER_NAME;
	return strncmp(word, "pg_wal/", (size_t)(last - word)) == 0 ? PLACEHOLDER_ARCHIVED_PATH : PLACEHOLDER_NONE;
}

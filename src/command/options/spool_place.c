#include "command/options/spool_place.h"

#include <string.h>

#include "base/environment.h"
#include "sys/spool.h"

enum status spool_place_complete(struct config *config, const char *const *environment, struct error *err)
{
	char path[SPOOL_PATH_MAX];
	const char *tmpdir = environment_value(environment, "TMPDIR", strlen("TMPDIR"));
	if (tmpdir == NULL || !config_is_default(config, OPTION_ID_SPOOL) || !spool_in_tmpdir(tmpdir, path))
		return STATUS_OK;
	return config_fall_back(config, OPTION_ID_SPOOL, path, "TMPDIR", err);
}

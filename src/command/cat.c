/* cat: from the options to struct fetch. */
#include <string.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "command/fetch.h"
#include "command/settings.h"
#include "repo/repository.h"

/* Where content waits for its verification; TMPDIR as everywhere (POSIX, environment variables). */
static const char *scratch_dir(const char *const *environment)
{
	const char *dir = environment_value(environment, "TMPDIR", strlen("TMPDIR"));
	return dir == NULL || dir[0] == '\0' ? "/tmp" : dir;
}

enum status command_cat(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	struct data_directory directory;
	CLEANUP(repository_fini) struct repository repo = {0};
	struct fetch fetch = {.scratch = scratch_dir(context->environment), .verified = context->console.verified};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = fetch_identify(context, &fetch, NULL, &directory, err);
	if (!st)
		st = repository_open(&repo, &settings, context->call, err);
	if (st)
		return error_wrap(err, st, "cat %s", context->operands[0]);
	fetch_from(&fetch, &repo);
	return fetch_to_fd(&fetch, context->console.out_fd, err);
}

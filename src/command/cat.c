/* cat: from the options to struct fetch. */
#include <string.h>

#include "archive/fetch/fetch_mirrors.h"
#include "base/cleanup.h"
#include "base/environment.h"
#include "command/fetch.h"
#include "command/mirror_conf.h"
#include "command/options/settings.h"
#include "inventory/backup_cat.h"
#include "repo/repository.h"
#include "sys/ancestor.h"

/* Where content waits for its verification; TMPDIR as everywhere (POSIX, environment variables). */
static const char *scratch_dir(const char *const *environment)
{
	const char *dir = environment_value(environment, "TMPDIR", strlen("TMPDIR"));
	return dir == NULL || dir[0] == '\0' ? "/tmp" : dir;
}

/*
 * restore_command = 'walship cat %f' without '>%p' writes the file into the server's log. PostgreSQL would find no file
 * at %p then, and take that for the end of the archive.
 */
static enum status check_output(const struct data_directory *directory, int fd, struct error *err)
{
	pid_t server = directory->known ? data_directory_server(directory) : 0;
	if (server == 0 || !ancestor_has_output(server, fd))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE,
			"standard output is that of the PostgreSQL server, which would not get the file");
	return error_hint(err, STATUS_USAGE,
			  "restore_command = 'walship fetch %%f %%p'; with cat, the command must end with >%%p");
}

struct cat {
	const struct fetch *fetch;
	int out_fd;
};

static enum status cat_from_one(void *arg, const struct repository_settings *settings, const struct call *call,
				bool *final, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	const struct cat *cat = arg;
	struct fetch fetch = *cat->fetch;
	fetch.call = call;
	enum status st = repository_open(&repo, settings, call, err);
	if (st)
		return error_wrap(err, st, "cat %s", fetch.name);
	fetch_from(&fetch, &repo);
	st = fetch_to_fd(&fetch, cat->out_fd, err);
	/* Nothing is written twice. */
	*final = st == STATUS_LOCAL || st == STATUS_UNREAD;
	return st;
}

static enum status cat_backup_from_one(void *arg, const struct repository_settings *settings, const struct call *call,
				       bool *final, struct error *err)
{
	const struct command_context *context = arg;
	struct console console = context->console;
	console.call = call;
	enum status st = backup_cat(settings, &console, context->operands[0], err);
	/* Nothing is written twice. */
	*final = st == STATUS_LOCAL || st == STATUS_UNREAD || st == STATUS_USAGE;
	return st;
}

enum status command_cat(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	struct data_directory directory;
	CLEANUP(mirror_confs_fini) struct mirror_confs mirrors = {.context = context};
	struct fetch fetch = {.scratch = scratch_dir(context->environment), .verified = context->console.verified};
	enum status st = settings_repository(&settings, context, err);
	const struct mirrors others = mirror_confs_of(&mirrors);
	if (!st && backup_cat_takes(context->operands[0])) {
		const struct fetch_attempt attempt = {cat_backup_from_one, context, context->operands[0]};
		st = fetch_from_any(&settings, &others, context->call, &attempt, err);
		return st ? error_wrap(err, st, "cat %s", context->operands[0]) : STATUS_OK;
	}
	if (!st)
		st = fetch_identify(context, &fetch, NULL, &directory, err);
	if (!st)
		st = check_output(&directory, context->console.out_fd, err);
	if (st)
		return error_wrap(err, st, "cat %s", context->operands[0]);
	struct cat cat = {&fetch, context->console.out_fd};
	const struct fetch_attempt attempt = {cat_from_one, &cat, context->operands[0]};
	return fetch_from_any(&settings, &others, context->call, &attempt, err);
}

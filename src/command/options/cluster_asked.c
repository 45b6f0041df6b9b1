#include "command/options/cluster_asked.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "command/options/settings.h"
#include "pg/server/identity.h"
#include "sys/note.h"
#include "sys/sha256.h"
#include "sys/spool.h"

#define KIND "server"
#define VALUE "system_id"
#define PATH_SIZE (SPOOL_PATH_MAX + 64)

/* That say where the server is. */
static const char *const variables[] = {"PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE"};
#define VARIABLE_COUNT (sizeof variables / sizeof variables[0])

static const char *value_of(const struct command_context *context, const char *name)
{
	const char *value = environment_value(context->environment, name, strlen(name));
	return value == NULL ? "" : value;
}

static bool names_server(const struct command_context *context)
{
	bool named = config_text(context->config, OPTION_ID_PG_CONNINFO) != NULL;
	for (size_t i = 0; i < VARIABLE_COUNT; i++)
		named |= strcmp(variables[i], "PGPORT") != 0 && value_of(context, variables[i])[0] != '\0';
	return named;
}

static bool is_known(const struct cluster_hint *hint)
{
	struct data_directory directory;
	uint64_t system_id;
	struct error ignored = {0};
	return hint->pg_data != NULL || hint->system_id != 0 ||
	       cluster_id_find(hint, NULL, &directory, &system_id, &ignored) != STATUS_OK || system_id != 0;
}

/* A file for each server. */
static bool find_note(const struct command_context *context, char path[PATH_SIZE])
{
	CLEANUP(sha256_fini) struct sha256 sum = {0};
	char digits[SHA256_TEXT_SIZE], spool[SPOOL_PATH_MAX];
	struct error ignored = {0};
	const char *conninfo = config_text(context->config, OPTION_ID_PG_CONNINFO);
	if (spool_prepare(config_text(context->config, OPTION_ID_SPOOL), spool, &ignored) ||
	    sha256_init(&sum, &ignored) ||
	    (conninfo != NULL && sha256_update(&sum, conninfo, strlen(conninfo), &ignored)))
		return false;
	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		const char *value = value_of(context, variables[i]);
		if (sha256_update(&sum, value, strlen(value) + 1, &ignored))
			return false;
	}
	if (sha256_text(&sum, digits, &ignored))
		return false;
	(void)snprintf(path, PATH_SIZE, "%s/server-%.32s", spool, digits);
	return true;
}

static enum status ask(const struct command_context *context, uint64_t *system_id, struct error *err)
{
	CLEANUP(postgres_freep) struct postgres *postgres = NULL;
	const struct postgres_settings settings = settings_postgres(context);
	const struct call step = call_step(context->call);
	enum status st = postgres_open(&postgres, &settings, &step, err);
	return st ? st : server_identity_read(postgres, &step, system_id, err);
}

static void remember(const char *path, uint64_t system_id)
{
	struct note note;
	struct error ignored = {0};
	note_begin(&note, KIND);
	note_put(&note, VALUE, "%" PRIu64, system_id);
	if (note_end(&note))
		(void)note_replace(&note, path, &ignored);
}

struct cluster_hint cluster_asked(const struct command_context *context)
{
	struct cluster_hint hint = settings_cluster(context->config);
	struct note note;
	struct error trouble = {0};
	char path[PATH_SIZE];
	if (!names_server(context) || is_known(&hint))
		return hint;
	bool noted = find_note(context, path);
	enum status st = ask(context, &hint.system_id, &trouble);
	if (!st && noted)
		remember(path, hint.system_id);
	else if (st)
		log_line(context->call->log, LEVEL_WARNING, "the server does not say which cluster it is: %s",
			 trouble.text);
	if (st == STATUS_UNREACHABLE && noted && note_read(&note, KIND, path))
		(void)note_number(&note, VALUE, UINT64_MAX, &hint.system_id);
	return hint;
}

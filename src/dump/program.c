#include "dump/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "sys/program_stream.h"

#define ARGUMENTS_MAX 16
#define LOGGED_MAX 50 /* lines of a program's messages */
#define LINE_MAX_BYTES 400
#define CUSTOM_MAGIC "PGDMP" /* begins pg_dump's custom format (pg_backup_archiver.c) */

/*
 * The child's environment. A password goes there and not into a password file: only this user and root can read it in
 * /proc, as they could read the file, and nothing is left behind when walship is killed.
 */
struct environment {
	const char **items; /* NULL-terminated; owned, without the texts */
	size_t count, capacity;
	struct postgres_login login;
	char *user, *password; /* "PGUSER=..." */
};

static void environment_fini(struct environment *environment)
{
	free(environment->items);
	free(environment->user);
	if (environment->password != NULL)
		explicit_bzero(environment->password, strlen(environment->password));
	free(environment->password);
	postgres_login_fini(&environment->login);
}

static enum status add_variable(struct environment *environment, const char *variable, struct error *err)
{
	const char **grown = array_grow(environment->items, environment->count, &environment->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	environment->items = grown;
	grown[environment->count++] = variable;
	return STATUS_OK;
}

/* pg_dump needs neither walship's secrets nor those of S3. */
static bool is_passed_on(const struct environment *environment, const char *variable)
{
	static const char *const secrets[] = {"WALSHIP_", "AWS_"};
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
		if (strncmp(variable, secrets[i], strlen(secrets[i])) == 0)
			return false;
	return (environment->user == NULL || strncmp(variable, "PGUSER=", 7) != 0) &&
	       (environment->password == NULL || strncmp(variable, "PGPASSWORD=", 11) != 0);
}

static enum status name_variable(char **out, const char *name, const struct secret *value, struct error *err)
{
	size_t size = strlen(name) + value->len + 2;
	if (value->len == 0)
		return STATUS_OK;
	*out = malloc(size);
	if (*out == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(void)snprintf(*out, size, "%s=%s", name, value->data);
	return STATUS_OK;
}

static enum status make_environment(struct environment *out, const struct postgres_settings *settings,
				    struct error *err)
{
	enum status st = postgres_login_read(&out->login, settings, err);
	if (!st)
		st = name_variable(&out->user, "PGUSER", &out->login.user, err);
	if (!st)
		st = name_variable(&out->password, "PGPASSWORD", &out->login.password, err);
	for (const char *const *variable = settings->environment; !st && variable != NULL && *variable != NULL;
	     variable++)
		if (is_passed_on(out, *variable))
			st = add_variable(out, *variable, err);
	if (!st && out->user != NULL)
		st = add_variable(out, out->user, err);
	if (!st && out->password != NULL)
		st = add_variable(out, out->password, err);
	return st ? st : add_variable(out, NULL, err);
}

/*
 * The command line.
 */

struct arguments {
	const char *items[ARGUMENTS_MAX + 1];
	size_t count;
	struct buffer connection, database;
	char lock_wait[48];
};

static void arguments_fini(struct arguments *arguments)
{
	buffer_fini(&arguments->connection);
	buffer_fini(&arguments->database);
}

static void add_argument(struct arguments *arguments, const char *text)
{
	if (arguments->count < ARGUMENTS_MAX)
		arguments->items[arguments->count++] = text;
}

static enum status add_connection(struct arguments *arguments, const struct dump_program *program, const char *database,
				  struct error *err)
{
	CLEANUP(buffer_fini) struct buffer conninfo = {0};
	enum status st = postgres_program_conninfo(&conninfo, &program->settings->postgres, database, err);
	if (!st)
		st = buffer_printf(&arguments->connection, err, "--dbname=%s", buffer_text(&conninfo));
	add_argument(arguments, "--no-password");
	add_argument(arguments, buffer_text(&arguments->connection));
	return st;
}

static enum status name_pg_dump(struct arguments *out, const struct dump_program *program, const struct dump_item *item,
				struct error *err)
{
	(void)snprintf(out->lock_wait, sizeof out->lock_wait, "--lock-wait-timeout=%" PRId64,
		       program->settings->lock_wait_ms);
	add_argument(out, program->tools->pg_dump);
	add_argument(out, item->plain ? "--format=plain" : "--format=custom");
	/* walship compresses by itself. */
	add_argument(out, "--compress=0");
	add_argument(out, out->lock_wait);
	return add_connection(out, program, item->name, err);
}

static enum status name_pg_dumpall(struct arguments *out, const struct dump_program *program, struct error *err)
{
	add_argument(out, program->tools->pg_dumpall);
	add_argument(out, "--globals-only");
	if (!program->server->reads_passwords)
		add_argument(out, "--no-role-passwords");
	enum status st = buffer_printf(&out->database, err, "--database=%s", program->server->own_database);
	add_argument(out, buffer_text(&out->database));
	return st ? st : add_connection(out, program, NULL, err);
}

/*
 * Messages.
 */

/* The first line that PostgreSQL's programs mark as an error; else the last line. */
static const char *first_error(const char *text)
{
	const char *last = NULL;
	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		const char *mark = memmem(line, len, ": error: ", 9);
		if (mark != NULL)
			return mark + 9;
		if (len > 0)
			last = line;
		line += len + (line[len] == '\n');
	}
	return last;
}

static void log_messages(const struct dump_program *program, const struct dump_item *item, const char *text)
{
	size_t lines = 0;
	for (const char *line = text; *line != '\0' && lines < LOGGED_MAX;) {
		size_t len = strcspn(line, "\n");
		if (len > 0) {
			log_line(program->call->log, LEVEL_WARNING, "%s: %.*s", item->name,
				 (int)(len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES), line);
			lines++;
		}
		line += len + (line[len] == '\n');
	}
}

static enum status explain(const struct dump_item *item, enum status st, const char *messages, struct error *err)
{
	const struct error own = *err;
	const char *line = first_error(messages);
	if (line != NULL && st == STATUS_UNREACHABLE) {
		size_t len = strcspn(line, "\n");
		(void)error_set(err, st, "%s: %.*s", own.text, (int)(len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES),
				line);
		(void)memcpy(err->hint, own.hint, sizeof err->hint);
		if (strstr(err->text, "permission denied") != NULL)
			(void)error_hint(err, st,
					 "the role must be able to read everything: grant pg_read_all_data to the role "
					 "(PostgreSQL 14 and later), or let the owner of the database make the dump");
	}
	return error_wrap(err, st, "%s", item->globals ? "pg_dumpall" : "pg_dump");
}

/*
 * The run.
 */

struct run {
	const struct dump_program *program;
	const struct dump_item *item;
	char head[sizeof CUSTOM_MAGIC - 1];
	size_t head_len;
};

static enum status on_output(void *arg, const void *data, size_t len, struct error *err)
{
	struct run *run = arg;
	for (size_t i = 0; i < len && run->head_len < sizeof run->head; i++)
		run->head[run->head_len++] = ((const char *)data)[i];
	enum status st = dump_writer_write(run->program->writer, data, len, err);
	run->program->tick(run->program->arg);
	return st;
}

static enum status check_head(const struct run *run, struct error *err)
{
	if (run->head_len == 0)
		return error_set(err, STATUS_UNREACHABLE, "printed nothing");
	if (!run->item->globals && !run->item->plain &&
	    (run->head_len < sizeof run->head || memcmp(run->head, CUSTOM_MAGIC, sizeof run->head) != 0))
		return error_set(err, STATUS_UNREACHABLE, "printed something other than its custom format");
	return STATUS_OK;
}

static enum status run_program(struct run *run, const struct arguments *arguments,
			       const struct environment *environment, struct error *err)
{
	const struct dump_program *program = run->program;
	CLEANUP(buffer_fini) struct buffer messages = {0};
	const struct program_stream stream = {
	    .argv = arguments->items, .environment = environment->items, .output = on_output, .arg = run};
	struct error ignored = {0};
	enum status st = program_stream(&stream, program->call, &messages, err);
	if (!st)
		st = check_head(run, err);
	/* The text ends with a 0 byte. */
	(void)buffer_append(&messages, "", 1, &ignored);
	const char *text = messages.len == 0 ? "" : (const char *)messages.data;
	log_messages(program, run->item, text);
	return st ? explain(run->item, st, text, err) : STATUS_OK;
}

enum status dump_program_run(const struct dump_program *program, struct dump_item *item, struct error *err)
{
	CLEANUP(arguments_fini) struct arguments arguments = {0};
	CLEANUP(environment_fini) struct environment environment = {0};
	struct run run = {.program = program, .item = item};
	const struct clock *clock = program->call->clock;
	int64_t begun_ms = clock_monotonic_ms(clock);
	item->begun_s = clock_utc_s(clock);
	enum status st = make_environment(&environment, &program->settings->postgres, err);
	if (!st)
		st = item->globals ? name_pg_dumpall(&arguments, program, err)
				   : name_pg_dump(&arguments, program, item, err);
	if (!st)
		st = dump_writer_begin(program->writer, item, err);
	if (!st)
		st = run_program(&run, &arguments, &environment, err);
	if (!st)
		st = dump_writer_end(program->writer, err);
	item->duration_ms = (uint64_t)(clock_monotonic_ms(clock) - begun_ms);
	return st ? error_wrap(err, st, "%s", item->name) : STATUS_OK;
}

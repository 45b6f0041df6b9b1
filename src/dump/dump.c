#include "dump/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"
#include "console/progress.h"
#include "dump/program.h"
#include "inventory/dump_show.h"
#include "sys/priority.h"

#define LABEL_TRIES 60 /* of one second each: so many dumps can begin at once */
#define HOST_MAX 256
#define PER_MAJOR 10000 /* server_version_num, since PostgreSQL 10 */

struct job {
	const struct dump_settings *settings;
	const struct console *console;
	const struct call *call;
	struct repository repo;
	struct dump_server server;
	struct dump_tools tools;
	struct dump_manifest manifest;
	struct dump_writer writer;
	struct progress progress;
	bool announced; /* "begun" is stored */
};

static enum status look(struct job *job, struct error *err)
{
	struct call step = call_step(job->call);
	enum status st = repository_open(&job->repo, job->settings->repository, &step, err);
	if (!st)
		st = dump_server_look(&job->server, job->settings, job->call, err);
	if (st)
		return st;
	log_about_system(job->call->log, job->server.system_id);
	const struct dump_tools_search search = {.bindir = job->settings->bindir,
						 .environment = job->settings->postgres.environment,
						 .least = job->server.version / PER_MAJOR};
	step = call_step(job->call);
	st = dump_tools_find(&job->tools, &search, &step, err);
	if (!st && job->settings->globals && access(job->tools.pg_dumpall, X_OK) != 0)
		st = error_hint(err, error_errno(err, STATUS_USAGE, ENOENT, "run %s", job->tools.pg_dumpall),
				"install it, or set dump-globals = no");
	return st;
}

/*
 * The label.
 */

static enum status store_begun(const struct job *job, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	char host[HOST_MAX] = "", name[BACKUP_OBJECT_NAME_MAX];
	struct call step = call_step(job->call);
	(void)gethostname(host, sizeof host - 1);
	dump_object_name(name, job->server.system_id, &job->manifest.label, DUMP_BEGUN, 0);
	enum status st =
	    print_line(&text,
		       json_pack("{s:s, s:s, s:o, s:o, s:i}", "kind", "walship dump begun", "label",
				 job->manifest.label.text, "system_id", print_system_id(job->server.system_id), "host",
				 print_string(host), "pid", (int)getpid()),
		       err);
	return st ? st : object_create(&job->repo, &step, name, text.data, text.len, err);
}

/* A label belongs to the dump whose "begun" was stored first. */
static enum status announce(struct job *job, struct error *err)
{
	enum status st = STATUS_EXISTS;
	for (int tries = 0; st == STATUS_EXISTS && tries < LABEL_TRIES; tries++) {
		if (tries > 0)
			clock_sleep_ms(job->call->clock, 1000);
		if (!dump_label_make(&job->manifest.label, clock_utc_s(job->call->clock)))
			return error_set(err, STATUS_LOCAL, "the clock of this machine is wrong");
		st = store_begun(job, err);
	}
	job->announced = st == STATUS_OK;
	return st;
}

/*
 * The dumps.
 */

static void show_progress(void *arg)
{
	struct job *job = arg;
	char size[MEASURE_MAX];
	if (!progress_is_due(&job->progress) || job->writer.item == NULL)
		return;
	measure_bytes(job->writer.item->bytes, size);
	progress_show(&job->progress, "%zu of %zu: %s, %s", job->manifest.count,
		      job->server.count + job->settings->globals, job->writer.item->name, size);
}

static enum status add(struct job *job, const struct dump_program *program, const char *name, bool globals,
		       struct error *err)
{
	struct dump_item *item = dump_manifest_add(&job->manifest, name);
	if (item == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	item->globals = globals;
	item->plain = globals || job->settings->plain;
	return dump_program_run(program, item, err);
}

static enum status add_all(struct job *job, struct error *err)
{
	enum status st = STATUS_OK;
	const struct dump_program program = {.settings = job->settings,
					     .server = &job->server,
					     .tools = &job->tools,
					     .writer = &job->writer,
					     .call = job->call,
					     .tick = show_progress,
					     .arg = job};
	job->writer = (struct dump_writer){.repo = &job->repo,
					   .call = job->call,
					   .system_id = job->server.system_id,
					   .label = job->manifest.label,
					   .object = job->settings->object,
					   .object_bytes = job->settings->object_bytes};
	if (job->settings->globals && !job->server.reads_passwords)
		log_line(job->call->log, LEVEL_WARNING,
			 "the dump has the roles without their passwords, which this role may not read");
	if (job->settings->globals)
		st = add(job, &program, DUMP_GLOBALS_NAME, true, err);
	for (size_t i = 0; !st && i < job->server.count; i++)
		st = add(job, &program, job->server.databases[i], false, err);
	dump_writer_fini(&job->writer);
	return st;
}

static enum status store_manifest(struct job *job, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	char name[BACKUP_OBJECT_NAME_MAX];
	struct call step = call_step(job->call);
	struct object_settings settings = job->settings->object;
	struct dump_manifest *manifest = &job->manifest;
	settings.threads = 1;
	manifest->system_id = job->server.system_id;
	manifest->ended_s = clock_utc_s(job->call->clock);
	manifest->server_version = job->server.version;
	manifest->role_passwords = job->settings->globals && job->server.reads_passwords;
	manifest->program_version = strdup(job->tools.version);
	dump_object_name(name, job->server.system_id, &manifest->label, DUMP_MANIFEST, 0);
	enum status st = manifest->program_version == NULL ? error_set(err, STATUS_LOCAL, "out of memory")
							   : dump_manifest_write(&text, manifest, err);
	return st ? st : object_create_with(&job->repo, &step, name, &settings, text.data, text.len, err);
}

/*
 * After a failure.
 */

static enum status ignore_refusal(void *arg, const struct store_refusal *refusal, struct error *err)
{
	(void)arg, (void)refusal, (void)err;
	return STATUS_OK;
}

static enum status remove_one(const struct job *job, const struct call *call, enum dump_part part, uint32_t number,
			      struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	const char *names[] = {name};
	const struct store_removal removal = {.names = names, .count = 1, .refused = ignore_refusal};
	const struct call step = call_step(call);
	dump_object_name(name, job->server.system_id, &job->manifest.label, part, number);
	return store_remove_many(job->repo.store, &step, &removal, err);
}

/* "begun" goes last: with it, expire finds the rest. A signal that ended the dump does not end this. */
static void remove_leftovers(const struct job *job)
{
	struct call call = *job->call;
	struct error trouble = {0};
	enum status st = STATUS_OK;
	call.signal_hold = NULL;
	for (uint32_t number = job->writer.begun; !st && number > 0; number--)
		st = remove_one(job, &call, DUMP_DATA, number, &trouble);
	if (!st)
		st = remove_one(job, &call, DUMP_BEGUN, 0, &trouble);
	if (st)
		log_line(call.log, LEVEL_INFO, "objects of the failed dump stay until walship expire: %s",
			 trouble.text);
}

static enum status make(struct job *job, struct error *err)
{
	enum status st = announce(job, err);
	if (!st)
		st = add_all(job, err);
	if (!st)
		st = store_manifest(job, err);
	/* The manifest of a request without an answer may be there: then the dump exists, and nothing goes. */
	if (st && job->announced && job->manifest.program_version == NULL)
		remove_leftovers(job);
	return st;
}

static enum status report(const struct job *job, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	struct listed_dump dump = {.label = job->manifest.label,
				   .complete = true,
				   .stored_s = job->manifest.ended_s,
				   .manifest = job->manifest};
	if (job->settings->json)
		return print_json(job->console, dump_json(job->server.system_id, &dump), err);
	enum status st = dump_show(&text, &dump, err);
	return st ? st : print_text(job->console, &text, err);
}

enum status dump_run(const struct dump_settings *settings, const struct console *console, struct error *err)
{
	struct job job = {.settings = settings, .console = console, .call = console->call};
	priority_lower();
	progress_begin(&job.progress, console->terminal_fd, console->call->clock);
	enum status st = look(&job, err);
	if (!st) {
		/* A signal lets the dump clean up. */
		call_hold(job.call);
		st = make(&job, err);
		progress_clear(&job.progress);
		call_release(job.call);
	}
	if (!st)
		st = report(&job, err);
	dump_server_fini(&job.server);
	dump_manifest_fini(&job.manifest);
	repository_fini(&job.repo);
	return st;
}

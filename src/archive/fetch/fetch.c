#include "walship/fetch.h"

#include <inttypes.h>
#include <string.h>

#include "base/call.h"
#include "base/cleanup.h"
#include "format/unseal.h"
#include "pg/wal/content.h"
#include "repo/repository.h"
#include "store/store.h"
#include "stream/byte_counter.h"
#include "stream/file.h"
#include "sys/output.h"

void fetch_from(struct fetch *fetch, const struct repository *repo)
{
	fetch->store = repo->store;
	fetch->keys = &repo->keys;
	fetch->allow_unprotected = !repo->encrypt;
}

/* Another program may have stored an authentic object under the wrong name. */
static enum status check_content(const struct fetch *fetch, const struct wal_name *name,
				 const struct byte_counter *plain, struct error *err)
{
	struct wal_head head = {.bytes = plain->head, .len = plain->head_len, .size = plain->total};
	uint64_t system_id;
	enum status st = wal_content_check(name, &head, &system_id, err);
	if (!st && system_id != 0 && system_id != fetch->system_id)
		st = error_set(err, STATUS_CONFLICT, "the file belongs to cluster %" PRIu64 ", not to %" PRIu64,
			       system_id, fetch->system_id);
	return st ? error_wrap(err, STATUS_DAMAGED, "the archived file does not match its name") : STATUS_OK;
}

/* Fills file without giving it a name: only complete and verified content gets one. */
static enum status receive(const struct fetch *fetch, const struct wal_name *name, struct newfile *file,
			   struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	wal_object_name(object, fetch->system_id, name);
	int64_t began_ms = clock_monotonic_ms(fetch->call->clock);
	struct unseal_params params = {
	    .keys = fetch->keys, .allow_unprotected = fetch->allow_unprotected, .name = object};
	struct byte_counter plain;
	struct byte_counter sealed;
	CLEANUP(sink_freep) struct sink *chain = NULL;
	enum status st = file_sink_new(&chain, file, WAL_SEGMENT_MAX, err);
	if (!st)
		st = byte_counter_new(&chain, &plain, err);
	if (!st)
		st = unseal_new(&chain, &params, err);
	if (!st)
		st = byte_counter_new(&chain, &sealed, err);
	if (!st)
		st = store_read(fetch->store, fetch->call, object, chain, err);
	if (!st)
		st = sink_finish(chain, err);
	/* It is not the end of WAL, and PostgreSQL must not take it for that. */
	if (st == STATUS_MISSING && err->hint[0] != '\0')
		st = STATUS_UNREACHABLE;
	if (st == STATUS_DAMAGED)
		(void)error_wrap(err, st, "%s", object);
	if (!st)
		st = check_content(fetch, name, &plain, err);
	if (!st)
		log_line(fetch->call->log, LEVEL_INFO,
			 "fetch %s: %s verified: %" PRIu64 " bytes from %" PRIu64 ", in %" PRId64 " ms", name->text,
			 object, plain.total, sealed.total, clock_monotonic_ms(fetch->call->clock) - began_ms);
	return st;
}

static enum status fetch_new(const struct fetch *fetch, const struct wal_name *name, const char *dest,
			     struct newfile *file, struct error *err)
{
	enum status st = newfile_open(file, dest, 0640, err);
	bool opened = !st;
	if (st == STATUS_MISSING)
		st = error_hint(
		    err, STATUS_LOCAL,
		    "DEST must name a file: restore_command = 'walship fetch %%f %%p' runs in the data directory");
	if (opened)
		st = receive(fetch, name, file, err);
	if (st == STATUS_DAMAGED)
		return error_hint(
		    err, st,
		    "look for another copy of the object; without it the database can be recovered up to this file");
	/* Reading the repository may fail on this machine, too. */
	if (st == STATUS_LOCAL && (!opened || file->failed))
		return error_hint(
		    err, st, "%s must name a file in a directory that this user can write to and that has room for it",
		    dest);
	return st;
}

enum status fetch_file(const struct fetch *fetch, const char *dest, struct error *err)
{
	struct wal_name name;
	struct newfile file = {0};
	enum status st = wal_name_parse(&name, fetch->name, err);
	if (st)
		return error_wrap(err, st, "fetch");
	st = fetch_new(fetch, &name, dest, &file, err);
	if (!st && fetch->accept != NULL)
		st = fetch->accept(fetch->accept_arg, &name, file.fd, err);
	if (!st) {
		st = newfile_replace(&file, err);
		if (st)
			(void)error_hint(err, st, "DEST must name a file in a directory that this user can write to");
	}
	newfile_fini(&file);
	return st ? error_wrap(err, st, "fetch %s", name.text) : STATUS_OK;
}

/* A sink that writes to the caller's file descriptor. */
struct fd_sink {
	struct sink sink;
	int fd;
};

static enum status fd_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	return output_write(((struct fd_sink *)sink)->fd, "to standard output", data, len, err);
}

static const struct sink_ops fd_ops = {.write = fd_write};

static enum status copy_out(const struct newfile *file, int fd, struct error *err)
{
	struct fd_sink out = {{&fd_ops}, fd};
	uint64_t bytes;
	return file_copy(file->fd, "the verified copy", &out.sink, &bytes, err);
}

enum status fetch_to_fd(const struct fetch *fetch, int fd, struct error *err)
{
	struct wal_name name;
	char path[PATH_MAX];
	struct newfile file = {0};
	enum status st = wal_name_parse(&name, fetch->name, err);
	if (st)
		return error_wrap(err, st, "cat");
	if ((size_t)snprintf(path, sizeof path, "%s/walship-cat", fetch->scratch) >= sizeof path)
		st = error_set(err, STATUS_LOCAL, "path too long: %.64s...", fetch->scratch);
	else
		st = newfile_open(&file, path, 0600, err);
	bool opened = !st;
	if (st == STATUS_MISSING)
		st = STATUS_LOCAL;
	if (opened)
		st = receive(fetch, &name, &file, err);
	if (st == STATUS_MISSING)
		(void)error_hint(err, st, "walship list %" PRIu64 "/wal/ shows the cluster's files in the repository",
				 fetch->system_id);
	if (st == STATUS_LOCAL && (!opened || file.failed))
		(void)error_hint(err, st, "TMPDIR (now %s) must name a directory with room for a segment",
				 fetch->scratch);
	if (!st && fetch->verified != NULL)
		fetch->verified();
	if (!st)
		st = copy_out(&file, fd, err);
	newfile_fini(&file);
	return st ? error_wrap(err, st, "cat %s", name.text) : STATUS_OK;
}

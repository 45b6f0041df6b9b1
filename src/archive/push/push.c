#include "walship/push.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/call.h"
#include "base/cleanup.h"
#include "job/limiter.h"
#include "pg/data/control.h"
#include "pg/wal/content.h"
#include "repo/seal.h"
#include "store/store.h"
#include "stream/byte_counter.h"
#include "stream/file.h"

/* One file on its way: what was found out about it so far. */
struct shipment {
	const struct push *push;
	struct wal_name name;
	int fd;
	struct shipped file;
	char object[WAL_OBJECT_NAME_MAX];
};

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static void identify(const struct stat *info, struct shipped *out)
{
	out->device = info->st_dev;
	out->inode = info->st_ino;
	out->size = (uint64_t)info->st_size;
	out->modified_ns = nanoseconds(&info->st_mtim);
	out->changed_ns = nanoseconds(&info->st_ctim);
}

static enum status not_opened(const char *path, int errno_value, struct error *err)
{
	(void)error_errno(err, STATUS_LOCAL, errno_value, "open %s", path);
	if (errno_value == EACCES || errno_value == EPERM)
		return error_hint(err, STATUS_LOCAL,
				  "user id %u may not read it: run this as the user that PostgreSQL runs as",
				  (unsigned)geteuid());
	if (errno_value != ENOENT)
		return STATUS_LOCAL;
	if (path[0] == '/')
		return error_hint(err, STATUS_LOCAL,
				  "is the path right? The server renames and removes what it needs no more");
	return error_hint(err, STATUS_LOCAL,
			  "archive_command = 'walship push %%p' names it relative to the data directory");
}

/*
 * PostgreSQL renames what it recycles and writes into it, so that another file, or another content, may have the name
 * by now. When the inode changed does not matter: who makes links to it changes no content.
 */
static enum status check_known(const struct shipped *known, const struct shipped *found, struct error *err)
{
	if (known == NULL || (known->device == found->device && known->inode == found->inode &&
			      known->size == found->size && known->modified_ns == found->modified_ns))
		return STATUS_OK;
	(void)error_set(err, STATUS_CONFLICT, "changed since it was checked");
	return error_hint(err, STATUS_CONFLICT,
			  "something writes to pg_wal: run walship backfill again once it is done");
}

static enum status open_file(struct shipment *shipment, struct error *err)
{
	const char *path = shipment->push->path;
	struct stat info;
	shipment->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (shipment->fd < 0 || fstat(shipment->fd, &info) != 0)
		return not_opened(path, errno, err);
	if (!S_ISREG(info.st_mode))
		return error_set(err, STATUS_USAGE, "%s is not a regular file", path);
	identify(&info, &shipment->file);
	return check_known(shipment->push->known, &shipment->file, err);
}

/* PostgreSQL writes to what it archived when it recycles it, after somebody else told it that it is archived. */
static enum status check_unchanged(const struct shipment *shipment, uint64_t bytes, struct error *err)
{
	struct stat info;
	struct shipped now = shipment->file;
	if (fstat(shipment->fd, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", shipment->push->path);
	identify(&info, &now);
	if (bytes == now.size && now.size == shipment->file.size && now.modified_ns == shipment->file.modified_ns)
		return STATUS_OK;
	return error_set(err, STATUS_CONFLICT, "changed while it was read: %" PRIu64 " bytes, then %" PRIu64,
			 shipment->file.size, now.size);
}

/* Reads the head and judges by it; a segment's header also tells the cluster. */
static enum status check_content(struct shipment *shipment, struct error *err)
{
	uint8_t head[WAL_HEAD_BYTES];
	ssize_t got;
	do
		got = pread(shipment->fd, head, sizeof head, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read %s", shipment->push->path);
	struct wal_head known = {.bytes = head, .len = (size_t)got, .size = shipment->file.size};
	return wal_content_check(&shipment->name, &known, &shipment->file.system_id, err);
}

static enum status wrong_cluster(struct error *err, uint64_t file_id, const char *who, uint64_t other_id)
{
	(void)error_set(err, STATUS_CONFLICT, "of cluster %" PRIu64 ", but %s is of cluster %" PRIu64, file_id, who,
			other_id);
	return error_hint(
	    err, STATUS_CONFLICT,
	    "the file does not belong here: see pg_controldata for the data directory's system identifier");
}

/* The cluster's identity, from the file, the data directory and the option: all that are there must agree. */
static enum status settle_system_id(struct shipment *shipment, struct error *err)
{
	const struct push *push = shipment->push;
	struct data_directory directory;
	enum status st = data_directory_find(&directory, push->pg_data, push->path, err);
	if (st)
		return st;
	if (shipment->file.system_id == 0)
		shipment->file.system_id = directory.known ? directory.system_id : push->system_id;
	if (shipment->file.system_id == 0) {
		(void)error_set(err, STATUS_USAGE, "its system identifier is not known");
		return error_hint(
		    err, STATUS_USAGE,
		    "a %s file does not say it: run in the data directory, or give --pg-data or --system-id",
		    shipment->name.kind == WAL_HISTORY ? ".history" : ".backup");
	}
	if (directory.known && directory.system_id != shipment->file.system_id)
		return wrong_cluster(err, shipment->file.system_id, "the data directory", directory.system_id);
	if (push->system_id != 0 && push->system_id != shipment->file.system_id)
		return wrong_cluster(err, shipment->file.system_id, "--system-id", push->system_id);
	return STATUS_OK;
}

/* File, compression, encryption, store: one pass. Into a chain that is not finished yet. */
static enum status fill(const struct shipment *shipment, struct sink **chain, struct byte_counter *stored,
			struct error *err)
{
	const struct push *push = shipment->push;
	struct seal_params params = {.codec = push->codec,
				     .level = push->level,
				     .threads = push->threads,
				     .key = push->key,
				     .name = shipment->object};
	uint64_t bytes = 0;
	enum status st = push->key == NULL ? STATUS_OK : random_fill(push->call->random, params.salt, SALT_BYTES, err);
	if (!st)
		st = store_create(push->store, push->call, shipment->object, chain, err);
	if (!st)
		st = byte_counter_new(chain, stored, err);
	if (!st)
		st = seal_new(chain, &params, err);
	if (!st)
		st = file_copy(shipment->fd, push->path, *chain, &bytes, err);
	return st ? st : check_unchanged(shipment, bytes, err);
}

/* stored counts the object's bytes. Once all is read, the limiter's slot is another's: the rest is waiting. */
static enum status create_object(const struct shipment *shipment, struct byte_counter *stored, struct error *err)
{
	struct limiter *limiter = shipment->push->limiter;
	uint64_t most = shipment->push->buffer_bytes;
	uint64_t taken = shipment->file.size < most ? shipment->file.size : most;
	CLEANUP(sink_freep) struct sink *chain = NULL;
	limiter_enter(limiter, taken);
	enum status st = fill(shipment, &chain, stored, err);
	if (!st) {
		uint64_t kept = stored->total < taken ? stored->total : taken;
		limiter_release_slot(limiter, taken - kept);
		taken = kept;
		st = sink_finish(chain, err);
		limiter_leave(limiter, taken, true);
		return st;
	}
	limiter_leave(limiter, taken, false);
	return st;
}

/* The name is taken: PostgreSQL archives again after a crash, and a lost answer looks the same. */
static enum status compare_object(const struct shipment *shipment, struct error *err)
{
	const struct push *push = shipment->push;
	/* What this configuration could not fetch again must not be acknowledged by it. */
	struct unseal_params params = {
	    .keys = push->keys, .allow_unprotected = push->key == NULL, .name = shipment->object};
	CLEANUP(sink_freep) struct sink *chain = NULL;
	enum status st = compare_sink_new(&chain, shipment->fd, err);
	if (!st)
		st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(push->store, push->call, shipment->object, chain, err);
	if (!st)
		st = sink_finish(chain, err);
	if (st == STATUS_MISSING)
		return error_wrap(err, STATUS_UNREACHABLE, "it was there a moment ago");
	if (st == STATUS_CONFLICT) {
		(void)error_wrap(err, st, "the archive has another file of this name");
		return error_hint(
		    err, st,
		    "two servers archive as one cluster, or a restored copy does: each needs its own "
		    "repository, or a new timeline. Nothing was changed; walship cat %s shows what is there",
		    shipment->name.text);
	}
	if (st == STATUS_DAMAGED)
		return error_wrap(err, st, "the archive has this name already, but what it has cannot be read");
	return st ? error_wrap(err, st, "reading back what the archive has already") : STATUS_OK;
}

static void log_stored(const struct shipment *shipment, const struct byte_counter *stored, int64_t began_ms)
{
	const struct push *push = shipment->push;
	log_line(push->call->log, LEVEL_INFO,
		 "push %s: stored as %s: %" PRIu64 " bytes, %s and %s to %" PRIu64 " (ratio %.2f), in %" PRId64 " ms",
		 shipment->name.text, shipment->object, shipment->file.size, push->codec->name,
		 push->key == NULL ? "not encrypted" : "aes-256-cbc", stored->total,
		 (double)shipment->file.size / (double)stored->total, clock_monotonic_ms(push->call->clock) - began_ms);
}

static enum status examine(struct shipment *shipment, struct error *err)
{
	enum status st = wal_name_from_path(&shipment->name, shipment->push->path, err);
	if (!st)
		st = open_file(shipment, err);
	if (!st)
		st = check_content(shipment, err);
	if (!st)
		st = settle_system_id(shipment, err);
	log_about_system(shipment->push->call->log, shipment->file.system_id);
	return st;
}

static enum status ship(struct shipment *shipment, struct error *err)
{
	const struct call *call = shipment->push->call;
	int64_t began_ms = clock_monotonic_ms(call->clock);
	struct byte_counter stored;
	enum status st = examine(shipment, err);
	if (st)
		return st;
	log_line(call->log, LEVEL_INFO, "push %s: %" PRIu64 " bytes of cluster %" PRIu64 ", checked",
		 shipment->name.text, shipment->file.size, shipment->file.system_id);
	wal_object_name(shipment->object, shipment->file.system_id, &shipment->name);
	st = create_object(shipment, &stored, err);
	if (!st)
		log_stored(shipment, &stored, began_ms);
	if (st != STATUS_EXISTS)
		return st;
	log_line(call->log, LEVEL_INFO, "push %s: the archive has this name already, comparing", shipment->name.text);
	st = compare_object(shipment, err);
	if (!st)
		log_line(call->log, LEVEL_INFO, "push %s: identical to what the archive has", shipment->name.text);
	return st;
}

static enum status run(const struct push *push, enum status (*what)(struct shipment *, struct error *),
		       struct shipped *out, struct error *err)
{
	struct shipment shipment = {.push = push, .fd = -1};
	enum status st = what(&shipment, err);
	fd_closep(&shipment.fd);
	if (out != NULL)
		*out = shipment.file;
	if (!st)
		return STATUS_OK;
	return shipment.name.text[0] == '\0' ? error_wrap(err, st, "push")
					     : error_wrap(err, st, "push %s", shipment.name.text);
}

enum status push_examine(const struct push *push, struct shipped *out, struct error *err)
{
	return run(push, examine, out, err);
}

enum status push_file(const struct push *push, struct shipped *out, struct error *err)
{
	return run(push, ship, out, err);
}

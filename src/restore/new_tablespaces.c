#include "restore/new_tablespaces.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LOCATION_MAX 1024 /* MAXPGPATH */
#define SERVER_VERSION_MAJOR 10000

struct search {
	const struct restoration *restoration;
	uint64_t end_lsn;           /* records behind it are not replayed */
	char version[32];           /* the server's directory in each tablespace */
	char shared[LOCATION_MAX];  /* the first that is in use; "": none */
	char missing[LOCATION_MAX]; /* the first that does not exist; "": none */
	uint64_t shared_lsn, missing_lsn;
};

static void keep(char out[LOCATION_MAX], uint64_t *at, const char *location, uint64_t lsn)
{
	if (out[0] != '\0')
		return;
	(void)snprintf(out, LOCATION_MAX, "%s", location);
	*at = lsn;
}

/*
 * Replay makes its own directory PG_... in the location, and takes one that is there for its own
 * (create_tablespace_directories in tablespace.c).
 */
static void see(void *arg, uint64_t lsn, const char *location)
{
	struct search *search = arg;
	char used[PATH_MAX];
	struct stat info;
	if (location[0] == '\0' || lsn > search->end_lsn)
		return;
	if (stat(location, &info) != 0 && errno == ENOENT)
		keep(search->missing, &search->missing_lsn, location, lsn);
	else if ((size_t)snprintf(used, sizeof used, "%s/%s", location, search->version) < sizeof used &&
		 stat(used, &info) == 0)
		keep(search->shared, &search->shared_lsn, location, lsn);
}

/* Whether the server that was backed up lies on this machine, beside the copy. */
static bool is_beside(const struct restoration *restoration, const struct manifest *manifest)
{
	struct stat info;
	return manifest->data_directory != NULL && !place_is_servers_own(&restoration->place, manifest) &&
	       stat(manifest->data_directory, &info) == 0;
}

/* Recovery to the target replays no record behind this place. */
static uint64_t end_lsn(const struct restoration *restoration)
{
	const struct branch *branch = &restoration->choice.branch;
	if (branch->has_moment && branch->moment.reached)
		return branch->moment.lsn;
	return restoration->params->target->kind == TARGET_IMMEDIATE ? branch->backup->manifest.stop_lsn : UINT64_MAX;
}

static enum status read_wal(const struct restoration *restoration, uint64_t end_lsn, moment_tablespace_fn each,
			    void *arg, struct error *err)
{
	const struct restore_params *params = restoration->params;
	const struct branch *branch = &restoration->choice.branch;
	uint64_t end = end_lsn / restoration->coverage.segment_bytes + 1;
	struct progress progress;
	const struct moment_search moment = {.line = &branch->line,
					     .coverage = &restoration->coverage,
					     .repo = &restoration->repo,
					     .call = params->call,
					     .progress = &progress,
					     .first = branch->first,
					     .end = end < branch->reach ? end : branch->reach};
	progress_begin(&progress, params->console->terminal_fd, params->call->clock);
	enum status st = moment_each_tablespace(&moment, branch->backup->manifest.start_lsn, each, arg, err);
	progress_clear(&progress);
	return st;
}

/* A recovery that meets damaged WAL tells so itself. */
static enum status search_wal(struct search *search, struct error *err)
{
	const struct restore_params *params = search->restoration->params;
	enum status st = read_wal(search->restoration, search->end_lsn, see, search, err);
	if (st != STATUS_DAMAGED)
		return st;
	log_line(params->call->log, LEVEL_WARNING, "could not look for new tablespaces in all WAL up to the target: %s",
		 err->text);
	return STATUS_OK;
}

static enum status judge(const struct search *search, struct error *err)
{
	const struct restore_params *params = search->restoration->params;
	if (search->missing[0] != '\0')
		log_line(params->call->log, LEVEL_WARNING,
			 "recovery creates a tablespace in %s at LSN %" PRIX32 "/%" PRIX32
			 ", and will stop there unless you create that directory",
			 search->missing, (uint32_t)(search->missing_lsn >> 32), (uint32_t)search->missing_lsn);
	if (search->shared[0] == '\0')
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE,
			"recovery creates a tablespace in %s at LSN %" PRIX32 "/%" PRIX32
			", where another server has one: both would write the same files",
			search->shared, (uint32_t)(search->shared_lsn >> 32), (uint32_t)search->shared_lsn);
	if (params->force) {
		log_line(params->call->log, LEVEL_WARNING, "--force: %s", err->text);
		return STATUS_OK;
	}
	return error_hint(err, STATUS_USAGE,
			  "restore on another machine, from a backup made after that LSN, or to a target before it");
}

enum status new_tablespaces_check(const struct restoration *restoration, struct error *err)
{
	const struct manifest *manifest = &restoration->choice.branch.backup->manifest;
	struct search search = {.restoration = restoration, .end_lsn = end_lsn(restoration)};
	if (!is_beside(restoration, manifest))
		return STATUS_OK;
	(void)snprintf(search.version, sizeof search.version, "PG_%" PRIu64 "_%" PRIu64,
		       manifest->server_version / SERVER_VERSION_MAJOR, manifest->catalog_version);
	enum status st = search_wal(&search, err);
	return st ? st : judge(&search, err);
}

struct first_created {
	uint64_t end_lsn; /* records behind it are not replayed */
	uint64_t lsn;     /* 0: none */
};

static void see_any(void *arg, uint64_t lsn, const char *location)
{
	struct first_created *first = arg;
	if (location[0] != '\0' && lsn <= first->end_lsn && first->lsn == 0)
		first->lsn = lsn;
}

enum status new_tablespaces_refuse(const struct restoration *restoration, struct error *err)
{
	const struct coverage *coverage = &restoration->coverage;
	struct first_created first = {.end_lsn = end_lsn(restoration)};
	struct wal_name name;
	uint64_t unused;
	enum status st = read_wal(restoration, first.end_lsn, see_any, &first, err);
	if (st || first.lsn == 0)
		return st == STATUS_MISSING ? STATUS_INCOMPLETE : st;
	uint64_t number = first.lsn / coverage->segment_bytes;
	wal_name_of_number(&name, line_segment(&restoration->choice.branch.line, coverage, number, &unused), number,
			   coverage->segment_bytes);
	(void)error_set(
	    err, STATUS_CONFLICT,
	    "a tablespace was created after the backup, in %s: a copy would make it in its original directory",
	    name.text);
	return error_hint(err, STATUS_CONFLICT, "make a new backup, which has the tablespace: walship backup");
}

#include "archive/fetch/fetch_ahead.h"

#include <sys/stat.h>

#include "archive/fetch/fetch_parts.h"
#include "archive/fetch/hidden_history.h"
#include "archive/fetch/prefetch_client.h"
#include "archive/fetch/prefetcher.h"
#include "base/cleanup.h"
#include "pg/wal/name.h"
#include "repo/repository.h"

/* A fetch from one repository, which is the repository or a mirror. */
struct single {
	const struct fetch_ahead *ahead;
	const char *dest;
	struct history_filter filter;
	bool hidden; /* the filter hides the file: no repository may give it */
};

static enum status accept(void *arg, const struct wal_name *name, int fd, struct error *err)
{
	struct single *single = arg;
	enum status st = history_filter_accept(&single->filter, name, fd, err);
	single->hidden = st == STATUS_MISSING;
	return st;
}

static enum status fetch_from_one(void *arg, const struct repository_settings *settings, const struct call *call,
				  bool *final, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	struct single *single = arg;
	const struct fetch_ahead *ahead = single->ahead;
	struct fetch fetch = ahead->fetch;
	fetch.call = call;
	single->filter = (struct history_filter){
	    .repo = &repo, .call = call, .system_id = fetch.system_id, .data_directory = ahead->data_directory};
	if (!ahead->all_timelines) {
		fetch.accept = accept;
		fetch.accept_arg = single;
	}
	enum status st = repository_open(&repo, settings, call, err);
	if (st)
		return error_wrap(err, st, "fetch %s", fetch.name);
	fetch_from(&fetch, &repo);
	st = fetch_file(&fetch, single->dest, err);
	*final = single->hidden;
	return st;
}

static enum status fetch_from_store(const struct fetch_ahead *ahead, const char *dest, struct error *err)
{
	struct single single = {.ahead = ahead, .dest = dest};
	const struct fetch_attempt attempt = {fetch_from_one, &single, ahead->fetch.name};
	return fetch_from_any(ahead->settings, &ahead->mirrors, ahead->fetch.call, &attempt, err);
}

static uint64_t size_of(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* The prefetcher is started before the repository is opened: libraries and connections do not survive a fork. */
static enum status fetch_and_start_prefetcher(const struct fetch_ahead *ahead, const struct prefetch_client *client,
					      const struct wal_name *name, const char *dest, struct error *err)
{
	CLEANUP(fd_closep) int prefetcher_fd = -1;
	if (client->wanted_fd < 0 && prefetch_client_follows(client, name, ahead->bytes_max))
		prefetcher_fd = prefetcher_start(ahead, client);
	enum status st = fetch_from_store(ahead, dest, err);
	if (!st && prefetcher_fd >= 0)
		prefetcher_begin(prefetcher_fd, name->text, size_of(dest));
	return st;
}

static enum status fetch_segment(const struct fetch_ahead *ahead, const struct wal_name *name, const char *dest,
				 struct error *err)
{
	CLEANUP(prefetch_client_fini) struct prefetch_client client = {.wanted_fd = -1};
	const struct call *call = ahead->fetch.call;
	struct error trouble = {0};
	enum status st = STATUS_OK;
	if (prefetch_client_open(&client, ahead->settings, ahead->fetch.system_id, &trouble)) {
		log_line(call->log,
			 spool_trouble_is_news(ahead->settings->spool, SPOOL_MEMORY, &trouble) ? LEVEL_WARNING
											       : LEVEL_INFO,
			 "fetch-ahead is off: %s", trouble.text);
		return fetch_from_store(ahead, dest, err);
	}
	if (prefetch_client_take(&client, call, name, dest))
		log_line(call->log, LEVEL_INFO, "fetch %s: prefetched and verified", name->text);
	else
		st = fetch_and_start_prefetcher(ahead, &client, name, dest, err);
	if (!st)
		prefetch_client_tell(&client, name->text, size_of(dest));
	return st;
}

enum status fetch_ahead_run(const struct fetch_ahead *ahead, const char *dest, struct error *err)
{
	struct wal_name name;
	struct error ignored = {0};
	bool is_segment = wal_name_parse(&name, ahead->fetch.name, &ignored) == STATUS_OK && name.kind == WAL_SEGMENT;
	/* A prefetcher would wait for the repository that does not answer, and a call for the prefetcher. */
	bool away = ahead->mirrors.count > 0 && fetch_is_away(ahead->settings, ahead->fetch.call);
	enum status st = ahead->bytes_max > 0 && is_segment && !away ? fetch_segment(ahead, &name, dest, err)
								     : fetch_from_store(ahead, dest, err);
	/* Only once everything that is asked has definitely said that it lacks the segment. */
	if (st != STATUS_MISSING || !is_segment || !fetch_parts_apply(ahead, &name))
		return st;
	bool archived = false;
	st = fetch_parts_run(ahead, &name, dest, &archived, err);
	return archived ? fetch_from_store(ahead, dest, err) : st;
}

/* walship check: tests the path of a segment step by step, from the configuration to the repository and back. */
#include "check/check.h"
#include "repo/key_load.h"
#include "repo/s3_credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pg/data/control.h"
#include "pg/wal/name.h"
#include "repo/cluster_id.h"
#include "repo/placement.h"
#include "repo/secret_source.h"
#include "sys/crypto.h"
#include "sys/spool.h"
#include "text/hex.h"

#define MIB (1024 * 1024)
#define CLOCK_WARNING_S 60 /* nothing fails yet */
#define CLOCK_MOST_S 900   /* beyond it S3 refuses the first request of each call */

/* State that the steps share. */
struct check_state {
	const struct check_settings *settings;
	struct repository_settings probed; /* the settings of repo */
	struct repository repo;
	struct data_directory directory;
	uint64_t system_id;
	int64_t store_clock_s;
	char object[OBJECT_NAME_MAX]; /* name of the first WAL file's object */
};

static enum status configuration(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct check_state *state = arg;
	const struct check_settings *settings = state->settings;
	(void)call;
	finding_say(finding, "%s; repo is %s", settings->configuration, settings->repository->url);
	if (settings->options_status)
		*err = settings->options_trouble;
	return settings->options_status;
}

/* The rights of another user than the server's say nothing about the server. PostgreSQL never runs as root. */
static bool is_servers_user(const struct data_directory *directory)
{
	struct stat info;
	return !directory->known ? geteuid() != 0 : stat(directory->path, &info) != 0 || info.st_uid == geteuid();
}

static enum status data_directory(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct check_state *state = arg;
	struct data_directory *directory = &state->directory;
	(void)call;
	enum status st = cluster_id_find(&state->settings->cluster, NULL, directory, &state->system_id, err);
	if (!st && directory->known)
		st = placement_check_repository(state->settings->repository, directory->path, err);
	if (st)
		return st;
	if (!is_servers_user(directory)) {
		finding->optional = true;
		(void)error_set(err, STATUS_LOCAL,
				"this is user id %u, not the server's user: the server's access to files is not tested",
				(unsigned)geteuid());
		return error_hint(err, STATUS_LOCAL,
				  "run it as the server's user, for example: sudo -u postgres walship check");
	}
	if (!directory->known)
		return finding_skip(finding,
				    "no data directory found; archive_command runs in one and needs no pg-data");
	finding_say(finding, "%s, of cluster %" PRIu64, directory->path, directory->system_id);
	return STATUS_OK;
}

/* Only a write finds a full or read-only disk. */
static enum status spool(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct check_state *state = arg;
	char dir[SPOOL_PATH_MAX];
	char path[SPOOL_PATH_MAX + sizeof "/check-XXXXXX"];
	struct statvfs disk;
	(void)call;
	enum status st = STATUS_OK;
	if (state->directory.known)
		st = placement_check_spool(state->settings->spool, state->directory.path, err);
	if (!st)
		st = spool_prepare(state->settings->spool, dir, err);
	if (st)
		return st;
	(void)snprintf(path, sizeof path, "%s/check-XXXXXX", dir);
	CLEANUP(fd_closep) int fd = mkostemp(path, O_CLOEXEC);
	ssize_t written = fd < 0 ? -1 : write(fd, "", 1);
	int error = errno;
	if (fd >= 0)
		(void)unlink(path);
	if (written != 1)
		return error_hint(err, error_errno(err, STATUS_LOCAL, error, "write to the spool %s", dir),
				  "its disk is full or read-only: make room, or set spool to another directory");
	uint64_t free_bytes = statvfs(dir, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : 0;
	uint64_t wanted = state->settings->fetch_ahead_bytes;
	finding_say(finding, "%s, %" PRIu64 " MiB free", dir, free_bytes / MIB);
	if (free_bytes >= wanted)
		return STATUS_OK;
	finding->optional = true;
	return error_hint(err,
			  error_set(err, STATUS_LOCAL,
				    "%s has %" PRIu64 " MiB free, but fetch-ahead may use %" PRIu64 " MiB", dir,
				    free_bytes / MIB, wanted / MIB),
			  "free space in that directory, set spool to another directory, or lower fetch-ahead");
}

static enum status show_credentials(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct check_state *state = arg;
	CLEANUP(credentials_fini) struct credentials credentials = {0};
	struct credential_search search;
	if (!repository_in_s3(state->settings->repository))
		return finding_skip(finding, "a directory needs no credentials");
	enum status st = s3_credentials_find(state->settings->repository, call, &search, &credentials, err);
	if (st)
		return st;
	if (credentials.expires_s == 0) {
		finding_say(finding, "from %s", credentials.source);
		return STATUS_OK;
	}
	char expires[UTC_TEXT_SIZE];
	utc_text(credentials.expires_s, expires);
	finding_say(finding, "from %s, valid until %s", credentials.source, expires);
	return STATUS_OK;
}

static enum status key(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct check_state *state = arg;
	CLEANUP(keyring_fini) struct keyring keys = {0};
	char id[2 * KEY_ID_BYTES + 1];
	enum status st = crypto_start(err);
	if (!st)
		st = keys_load(state->settings->repository, call, &keys, err);
	if (st)
		return st;
	if (!state->settings->repository->encrypt)
		return finding_skip(finding, "cipher = none: objects are neither encrypted nor authenticated");
	hex_encode(id, keys.keys[0].id, KEY_ID_BYTES);
	finding_say(finding, "%s encrypts; %zu %s", id, keys.count, keys.count == 1 ? "key decrypts" : "keys decrypt");
	return STATUS_OK;
}

/* The store without the look before each upload that s3-no-replace = look adds. */
static struct repository_settings as_it_is(const struct repository_settings *settings)
{
	struct repository_settings probed = *settings;
	probed.s3.look_first = false;
	probed.test_condition = false;
	return probed;
}

static enum status reach(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct check_state *state = arg;
	state->probed = as_it_is(state->settings->repository);
	enum status st = repository_open(&state->repo, &state->probed, call, err);
	if (st)
		return st;
	if (!store_can(state->repo.store, STORE_REACHES))
		return finding_skip(finding, "this client cannot test it");
	return store_reach(state->repo.store, call, &state->store_clock_s, err);
}

static enum status clocks(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct check_state *state = arg;
	if (state->store_clock_s < 0)
		return finding_skip(finding, "the store has no clock of its own");
	int64_t off_s = state->store_clock_s - clock_utc_s(call->clock);
	int64_t far_s = off_s < 0 ? -off_s : off_s;
	finding_say(finding, "%" PRId64 " s off the store's clock", far_s);
	if (far_s < CLOCK_WARNING_S)
		return STATUS_OK;
	finding->optional = far_s < CLOCK_MOST_S;
	(void)error_set(err, STATUS_LOCAL, "this machine's clock is %" PRId64 " s %s the store's", far_s,
			off_s > 0 ? "behind" : "ahead of");
	return error_hint(err, STATUS_LOCAL, "synchronize it: timedatectl set-ntp true, or chrony");
}

/* Keeps the first WAL file's name; STATUS_EXISTS ends the listing. */
static enum status note_first(void *arg, const struct object_info *info, struct error *err)
{
	struct check_state *state = arg;
	uint64_t system_id;
	struct wal_name name;
	if (!wal_object_parse(info->name, &system_id, &name) || strlen(info->name) >= sizeof state->object)
		return STATUS_OK;
	(void)strcpy(state->object, info->name);
	return error_set(err, STATUS_EXISTS, "found");
}

/* Only opening a stored object proves that the key is right. */
static enum status open_stored(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct check_state *state = arg;
	char prefix[32] = "";
	uint64_t bytes;
	if (state->system_id != 0)
		(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/", state->system_id);
	enum status st = store_list(state->repo.store, call, prefix, note_first, state, err);
	if (st && st != STATUS_EXISTS)
		return finding_skip(finding, "without a listing there is no object to choose");
	if (state->object[0] == '\0')
		return finding_skip(finding, "nothing is stored yet%s", prefix[0] == '\0' ? "" : " for this cluster");
	st = check_object(&state->repo, call, state->object, &bytes, err);
	if (!st)
		finding_say(finding, "%s", state->object);
	/* S3's error code for objects in Glacier Flexible Retrieval or Deep Archive. */
	finding->optional = strstr(err->text, "InvalidObjectState") != NULL;
	if (finding->optional)
		(void)error_hint(err, st,
				 "the oldest objects must be restored from the archive tier before they can be read");
	if (st == STATUS_MISSING)
		return error_set(err, STATUS_UNREACHABLE, "%s was listed a moment ago, but is gone", state->object);
	return st;
}

static const struct step {
	const char *what;
	check_fn run;
	bool needed; /* the steps of the repository need it */
} first_steps[] = {
    {"configuration", configuration, false},
    {"data directory", data_directory, false},
    {"spool", spool, false},
    {"credentials", show_credentials, true},
    {"key", key, true},
};

static enum status try_store(struct checklist *list, const struct check_settings *settings,
			     const struct repository *repo, bool *usable, struct error *err)
{
	const struct check_store check = {
	    .repo = repo, .cluster = settings->cluster, .looks_first = settings->repository->s3.look_first};
	return check_store(list, &check, usable, err);
}

static enum status check_repository(struct checklist *list, struct check_state *state, bool *usable, struct error *err)
{
	bool passed;
	enum status st = checklist_run(list, "reach the store", reach, state, usable, err);
	if (st || !*usable)
		return st;
	st = checklist_run(list, "clock", clocks, state, &passed, err);
	if (!st)
		st = try_store(list, state->settings, &state->repo, usable, err);
	if (!st && *usable)
		st = checklist_run(list, "open what is stored", open_stored, state, NULL, err);
	return st;
}

static enum status check_all(struct checklist *list, const struct check_settings *settings, struct error *err)
{
	struct check_state state = {.settings = settings, .store_clock_s = -1};
	bool usable = false;
	bool ready = true;
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < sizeof first_steps / sizeof first_steps[0]; i++) {
		bool passed;
		st = checklist_run(list, first_steps[i].what, first_steps[i].run, &state, &passed, err);
		ready &= passed || !first_steps[i].needed;
	}
	if (!st && ready && settings->promotes)
		st = checklist_run(list, "reach the store", reach, &state, &usable, err);
	else if (!st && ready)
		st = check_repository(list, &state, &usable, err);
	const struct check_server server = {
	    .settings = settings, .repo = usable ? &state.repo : NULL, .system_id = state.system_id};
	if (!st)
		st = settings->promotes ? check_promote(list, &server, usable ? &state.repo : NULL, err)
					: check_server(list, &server, err);
	repository_fini(&state.repo);
	if (!st && list->failed > 0)
		st = error_set(err, list->status, "%u of %u steps failed", list->failed, list->count);
	return st;
}

/* No step of check_store shows this. */
static enum status check_placement(const struct check_settings *settings, struct error *err)
{
	struct data_directory directory;
	struct error ignored = {0};
	uint64_t system_id;
	if (cluster_id_find(&settings->cluster, NULL, &directory, &system_id, &ignored) || !directory.known)
		return STATUS_OK;
	return placement_check_repository(settings->repository, directory.path, err);
}

static enum status check_store_alone(struct checklist *list, const struct check_settings *settings, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	bool usable;
	struct repository_settings probed = as_it_is(settings->repository);
	enum status st = check_placement(settings, err);
	if (!st)
		st = repository_open(&repo, &probed, list->console->call, err);
	if (!st)
		st = try_store(list, settings, &repo, &usable, err);
	if (!st && list->failed > 0)
		st = error_set(err, list->status, "%u of %u steps failed, and so would archiving or recovery",
			       list->failed, check_store_steps(repo.store));
	return st;
}

enum status check_run(const struct check_settings *settings, const struct console *console, struct error *err)
{
	struct checklist list = {.console = console, .json = settings->json};
	return settings->store_alone ? check_store_alone(&list, settings, err) : check_all(&list, settings, err);
}

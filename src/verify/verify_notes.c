#include "verify/verify_notes.h"

#include <stdio.h>
#include <string.h>

#include "text/hex.h"

/* The notes hold for this repository and these keys: with other keys an object may not open. */
static enum status name_identity(const struct verify_params *params, const struct keyring *keys,
				 char out[VERIFIED_IDENTITY_MAX], struct error *err)
{
	enum status st = identity_text(params->settings, IDENTITY_NO_KEYS, out, err);
	for (size_t i = 0; !st && i < keys->count; i++) {
		char id[2 * KEY_ID_BYTES + 1];
		size_t len = strlen(out);
		hex_encode(id, keys->keys[i].id, KEY_ID_BYTES);
		(void)snprintf(out + len, VERIFIED_IDENTITY_MAX - len, "key %s\n", id);
	}
	return st;
}

enum status verify_notes_open(struct verified *out, const struct verify_params *params, const struct repository *repo,
			      uint64_t system_id, const char *subject, struct error *err)
{
	char dir[SPOOL_PATH_MAX];
	char identity[VERIFIED_IDENTITY_MAX];
	int64_t now_s = clock_utc_s(params->call->clock);
	const struct verified_place place = {
	    .dir = dir,
	    .subject = subject,
	    .identity = identity,
	    .system_id = system_id,
	    .not_before_s = params->notes_max_age_ms == 0 ? 0 : now_s - params->notes_max_age_ms / 1000,
	    .now_s = now_s,
	};
	verified_fini(out);
	if (params->settings->s3.at_s != 0)
		return STATUS_OK;
	enum status st = spool_prepare(params->notes_dir, dir, err);
	if (!st)
		st = name_identity(params, &repo->keys, identity, err);
	return st ? st : verified_open(out, &place, err);
}

enum status verify_notes_open_commits(struct commit_notes *out, const struct verify_params *params, uint64_t system_id,
				      struct error *err)
{
	const struct commit_notes_place place = {.directory = params->notes_dir,
						 .settings = params->settings,
						 .system_id = system_id,
						 .create = params->read};
	commit_notes_fini(out);
	enum status st = commit_notes_open(out, &place, err);
	return params->read ? st : STATUS_OK;
}

bool verify_notes_suffice(const struct verified *verified, const struct commit_notes *commits,
			  const struct wal_name *name, uint32_t segment_bytes, int64_t stored_s)
{
	uint64_t number;
	return name->kind == WAL_SEGMENT && wal_name_number(name, segment_bytes, &number) &&
	       verified_has(verified, name->timeline, number, stored_s) &&
	       !commit_notes_want(commits, name->timeline, number);
}

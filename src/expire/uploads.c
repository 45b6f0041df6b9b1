#include "expire/uploads.h"

#include <inttypes.h>
#include <stdio.h>

static enum status choose(void *arg, const struct store_upload *upload, bool *abort, struct error *err)
{
	struct expire_uploads *uploads = arg;
	(void)err;
	if (upload->begun_s >= uploads->until_s)
		return STATUS_OK;
	uploads->count++;
	*abort = !uploads->dry_run;
	return STATUS_OK;
}

static enum status note_refusal(void *arg, const struct store_refusal *refusal, struct error *err)
{
	struct expire_uploads *uploads = arg;
	(void)err;
	if (uploads->refused++ == 0)
		uploads->why = *refusal->why;
	return STATUS_OK;
}

enum status expire_uploads_run(struct expire_uploads *uploads, struct error *err)
{
	char prefix[32];
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/", uploads->system_id);
	const struct store_clearing clearing = {prefix, choose, note_refusal, uploads};
	if (!store_can(uploads->repo->store, STORE_LEAVES_UPLOADS))
		return STATUS_OK;
	return store_clear_uploads(uploads->repo->store, uploads->call, &clearing, err);
}

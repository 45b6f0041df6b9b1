#include "repo/key_load.h"

#include "base/cleanup.h"

enum status key_load(const struct secret_source *source, const struct secret_reader *reader, const struct call *call,
		     struct keyring *ring, struct error *err)
{
	CLEANUP(secret_fini) struct secret content = {0};
	enum status st = secret_source_read_key(source, reader, call, &content, err);
	if (!st) {
		st = keyring_add(ring, &content, err);
		if (st && source->kind == SECRET_COMMAND)
			(void)error_wrap(err, st, "%s: output of the command", source->option);
		else if (st)
			(void)error_wrap(err, st, "%s: %s", source->option, source->text);
	}
	return st ? error_hint(err, st,
			       "an object opens only with the key that encrypted it: put its copy back. For a new "
			       "repository walship keygen FILE creates a key")
		  : STATUS_OK;
}

enum status keys_load(const struct repository_settings *settings, const struct call *call, struct keyring *ring,
		      struct error *err)
{
	if (settings->key_count == 0 && settings->encrypt) {
		(void)error_set(err, STATUS_USAGE, "neither cipher-key-file nor cipher-key-command is configured");
		return error_hint(err, STATUS_USAGE, "%s", settings->no_key_hint);
	}
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < settings->key_count; i++)
		st = key_load(&settings->keys[i], &settings->reader, call, ring, err);
	return st;
}

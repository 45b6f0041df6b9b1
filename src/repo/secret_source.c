#include "repo/secret_source.h"

#include "base/cleanup.h"
#include "sys/program.h"

enum status secret_from_command(const struct command_context *context, enum option_id id, const char *line,
				struct secret *out, struct error *err)
{
	const struct program program = {
	    .what = option_table[id].name, .line = line, .environment = context->environment};
	enum status st = program_run(&program, context->call, out, err);
	if (st)
		return error_hint(
		    err, st, "it is run without a shell, as this user, and prints the secret alone; try it by hand");
	/* A key may be raw bytes, of which the last is a newline by chance. */
	if (id != OPTION_ID_CIPHER_KEY_COMMAND)
		secret_chomp(out);
	if (out->len > 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "%s: the command prints nothing", program.what);
	return error_hint(err, STATUS_USAGE, "it prints the secret alone, on its standard output");
}

static enum status read_key(const struct command_context *context, const struct config_key *key, struct secret *out,
			    struct error *err)
{
	if (key->id == OPTION_ID_CIPHER_KEY_COMMAND)
		return secret_from_command(context, key->id, key->value, out, err);
	enum status st = secret_read_file_by(config_secret_files(context->config), out, key->value, err);
	return st ? error_wrap(err, st, "%s", option_table[key->id].name) : STATUS_OK;
}

enum status key_load(const struct command_context *context, const struct config_key *key, struct keyring *ring,
		     struct error *err)
{
	CLEANUP(secret_fini) struct secret content = {0};
	enum status st = read_key(context, key, &content, err);
	if (!st) {
		st = keyring_add(ring, &content, err);
		if (st && key->id == OPTION_ID_CIPHER_KEY_COMMAND)
			(void)error_wrap(err, st, "%s: what it prints", option_table[key->id].name);
		else if (st)
			(void)error_wrap(err, st, "%s: %s", option_table[key->id].name, key->value);
	}
	return st ? error_hint(err, st,
			       "walship keygen FILE makes a key; what an older one encrypted needs that one's copy")
		  : STATUS_OK;
}

enum status keys_load(const struct command_context *context, struct keyring *ring, struct error *err)
{
	const struct config *config = context->config;
	size_t count = config_key_count(config);
	if (count == 0 && config_number(config, OPTION_ID_CIPHER) != CIPHER_NONE) {
		(void)error_set(err, STATUS_USAGE, "no cipher-key-file is configured, and no cipher-key-command");
		if (config_path(config) == NULL)
			return error_hint(err, STATUS_USAGE,
					  "no walship.conf was found: %s is not there, and neither --config nor "
					  "WALSHIP_CONFIG names another; walship help sample prints one, walship "
					  "keygen FILE makes a key",
					  CONFIG_PATH_DEFAULT);
		return error_hint(
		    err, STATUS_USAGE,
		    "walship keygen FILE makes a key; name it with cipher-key-file and keep a copy elsewhere");
	}
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < count; i++) {
		struct config_key key = config_key(config, i);
		st = key_load(context, &key, ring, err);
	}
	return st;
}

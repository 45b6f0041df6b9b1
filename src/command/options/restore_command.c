#include "command/options/restore_command.h"

#include <string.h>

#include "command/options/self_command.h"
#include "recovery/recovery_settings.h"

/* The options that fetch needs: to find and open the repository. */
static bool is_for_fetch(const char *name)
{
	static const char *const beginnings[] = {"repo",  "cipher", "secret-files", "fetch-",
						 "spool", "s3-",    "mirror-conf"};
	for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static bool is_from_this_call(const char *source)
{
	return strncmp(source, "--", 2) == 0 || strncmp(source, "WALSHIP_", 8) == 0 || strncmp(source, "AWS_", 4) == 0;
}

static bool is_needed(const struct command_context *context, enum option_id id)
{
	const char *source = config_source(context->config, id);
	if (!is_for_fetch(option_table[id].name) || !is_from_this_call(source))
		return false;
	if (option_table[id].type != OPTION_SECRET)
		return true;
	log_line(context->call->log, LEVEL_WARNING,
		 "the restored server needs %s: put it into walship.conf or its environment", source);
	return false;
}

enum status restore_command_make(struct buffer *out, const struct command_context *context, struct error *err)
{
	/* The server's working directory is its data directory. */
	static const struct self_command line = {recovery_command_word, is_needed, true};
	enum status st = self_command_make(out, context, &line, err);
	return st ? st : buffer_printf(out, err, " fetch %%f %%p");
}

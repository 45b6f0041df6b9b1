#include "base/buffer.h"
#include "base/output.h"
#include "command/command.h"

/* A walship.conf again, but for what is hidden. */
static enum status show(struct buffer *out, enum option_id id, const char *value, const char *source, struct error *err)
{
	if (value == NULL)
		return buffer_printf(out, err, "; %-18s   is not set\n", option_table[id].name);
	if (option_table[id].type == OPTION_SECRET)
		return buffer_printf(out, err, "; %-18s = (hidden)   ; %s\n", option_table[id].name, source);
	return buffer_printf(out, err, "%-20s = %s   ; %s\n", option_table[id].name, value, source);
}

enum status command_config(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	struct buffer out = {0};
	enum status st = STATUS_OK;
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++) {
		size_t count = config_list_count(config, id);
		for (size_t i = 0; !st && i < (count == 0 ? 1 : count); i++)
			st = show(&out, id, config_list_item(config, id, i), config_source(config, id), err);
	}
	if (!st)
		st = output_write(context->out_fd, "to standard output", out.data, out.len, err);
	buffer_fini(&out);
	return st ? error_wrap(err, st, "config") : STATUS_OK;
}

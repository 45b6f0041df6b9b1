#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
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

static enum status write_all(int fd, const struct buffer *text, struct error *err)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t put = write(fd, text->data + done, text->len - done);
		if (put < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "write to standard output");
		done += put < 0 ? 0 : (size_t)put;
	}
	return STATUS_OK;
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
		st = write_all(context->out_fd, &out, err);
	buffer_fini(&out);
	return st ? error_wrap(err, st, "config") : STATUS_OK;
}

#include "command/command.h"
#include "keys/key_file.h"

enum status command_keygen(struct command_context *context, struct error *err)
{
	const char *path = context->operands[0];
	enum status st = key_file_make(context->call, path, NULL, err);
	if (st)
		return error_wrap(err, st, "keygen");
	log_line(context->call->log, LEVEL_INFO, "keygen %s: a new 256-bit key; keep a copy where the backups are not",
		 path);
	return STATUS_OK;
}

#include <string.h>

#include "base/hex.h"
#include "base/newfile.h"
#include "command/command.h"
#include "stream/keyring.h"

/* A key's file: its digits, so that it can be printed and kept on paper, and a newline. */
static enum status make_text(const struct call *call, char text[2 * REPOSITORY_KEY_BYTES + 2], struct error *err)
{
	uint8_t key[REPOSITORY_KEY_BYTES];
	enum status st = random_fill(call->random, key, sizeof key, err);
	hex_encode(text, key, sizeof key);
	(void)strcat(text, "\n");
	explicit_bzero(key, sizeof key);
	return st;
}

static enum status write_key(struct newfile *file, const struct call *call, const char *path, struct error *err)
{
	char text[2 * REPOSITORY_KEY_BYTES + 2];
	enum status st = newfile_open(file, path, 0600, err);
	if (st)
		return st == STATUS_MISSING ? STATUS_LOCAL : st;
	st = make_text(call, text, err);
	if (!st)
		st = newfile_write(file, text, strlen(text), err);
	explicit_bzero(text, sizeof text);
	return st ? st : newfile_create(file, err);
}

enum status command_keygen(struct command_context *context, struct error *err)
{
	const char *path = context->operands[0];
	struct newfile file = {0};
	enum status st = write_key(&file, context->call, path, err);
	newfile_fini(&file);
	if (st == STATUS_EXISTS) {
		(void)error_set(err, st, "keygen: %s exists, and a key is never overwritten", path);
		return error_hint(err, st, "what it encrypted can be read with it alone; give another name");
	}
	if (st) {
		(void)error_hint(err, st, "the folder must be there, and this user must be able to write to it");
		return error_wrap(err, st, "keygen");
	}
	log_line(context->call->log, LEVEL_INFO, "keygen %s: a new 256-bit key; keep a copy where the backups are not",
		 path);
	return STATUS_OK;
}

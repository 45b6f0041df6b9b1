#include "repo/secret_source.h"

#include <string.h>

#include "sys/program.h"

static enum status read_command(const struct secret_source *source, const struct secret_reader *reader,
				const struct call *call, struct secret *out, struct error *err)
{
	const struct program program = {
	    .what = source->option, .line = source->text, .environment = reader->environment};
	enum status st = program_run(&program, call, out, err);
	if (st)
		return error_hint(
		    err, st,
		    "the command runs without a shell, as this user, and must print only the secret; try it by hand");
	if (out->len > 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "%s: the command printed nothing", source->option);
	return error_hint(err, STATUS_USAGE, "the command must print only the secret, on standard output");
}

enum status secret_source_read(const struct secret_source *source, const struct secret_reader *reader,
			       const struct call *call, struct secret *out, struct error *err)
{
	switch (source->kind) {
	case SECRET_VALUE:
		return secret_set(out, source->text, strlen(source->text), err);
	case SECRET_FILE:
		return secret_read_value(reader->files, out, source->option, source->text, err);
	case SECRET_COMMAND: {
		enum status st = read_command(source, reader, call, out, err);
		secret_chomp(out);
		return st;
	}
	case SECRET_UNSET:
		break;
	}
	return STATUS_OK;
}

enum status secret_source_read_key(const struct secret_source *source, const struct secret_reader *reader,
				   const struct call *call, struct secret *out, struct error *err)
{
	if (source->kind == SECRET_COMMAND)
		return read_command(source, reader, call, out, err);
	enum status st = secret_read_file_by(reader->files, out, source->text, err);
	return st ? error_wrap(err, st, "%s", source->option) : STATUS_OK;
}

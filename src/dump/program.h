/* Runs pg_dump or pg_dumpall into a writer. */
#ifndef WALSHIP_DUMP_PROGRAM_H
#define WALSHIP_DUMP_PROGRAM_H

#include "dump/server.h"
#include "dump/tools.h"
#include "dump/writer.h"

struct dump_program {
	const struct dump_settings *settings;
	const struct dump_server *server;
	const struct dump_tools *tools;
	struct dump_writer *writer;
	const struct call *call;
	void (*tick)(void *arg); /* called after each piece of output */
	void *arg;
};

/*
 * Fills the item, whose name and kind are set, with what the program prints. The program's messages are logged as
 * warnings. STATUS_UNREACHABLE: it failed; the error has its own first error. Otherwise as program_stream.
 */
enum status dump_program_run(const struct dump_program *program, struct dump_item *item, struct error *err);

#endif

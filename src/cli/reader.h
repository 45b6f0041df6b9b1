/* Decides which program reads the exit code of a command line, even of a wrong one. */
#ifndef WALSHIP_CLI_READER_H
#define WALSHIP_CLI_READER_H

#include "cli/arguments.h"

/*
 * EXIT_FOR_FETCH for everything that may be a restore_command, so that recovery stops on a mistake instead of ending
 * early. EXIT_FOR_PUSH for a mistake in an archive_command, where a code above 126 would end the archiver.
 */
enum exit_for reader_of(const struct arguments *arguments);

#endif

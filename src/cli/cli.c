#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/arguments.h"
#include "cli/backstop.h"
#include "cli/detach.h"
#include "cli/ending.h"
#include "cli/help.h"

const struct command_row command_table[] = {
#define COMMAND(name, least, most, operands, run, reader, timeout, bound, summary, text)                               \
	{name, least, most, operands, run, reader, timeout, bound, summary, text},
#include "cli/commands.def"
#undef COMMAND
};
const size_t command_count = sizeof command_table / sizeof command_table[0];

const struct flag_row flag_table[] = {
#define FLAG(command, name, text) {command, name, text},
#include "cli/flags.def"
#undef FLAG
};
const size_t flag_count = sizeof flag_table / sizeof flag_table[0];

const struct command_row *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(command_table[i].name, name) == 0)
			return &command_table[i];
	return NULL;
}

/* One write for a line, so that the lines of processes side by side do not mix. */
static void write_line(int fd, const char *label, const char *line)
{
	char text[LOG_LINE_MAX + 64];
	int len = snprintf(text, sizeof text, "walship: %s%s\n", label, line);
	if (len > 0 && write(fd, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1) < 0)
		return; /* nobody is there to read it */
}

static void write_log(void *arg, enum log_level level, const char *line)
{
	const struct process *process = arg;
	write_line(process->err_fd, level == LEVEL_WARNING ? "warning: " : "", line);
}

/* The end of every call: what PostgreSQL's log shows, and what PostgreSQL is told. */
static int report(const struct process *process, enum status st, enum exit_for reader, const struct log *log,
		  const struct error *err)
{
	if (st == STATUS_MISSING && reader != EXIT_FOR_PUSH) {
		/* PostgreSQL asks for what is not there all the time: no noise. */
		log_line(log, LEVEL_INFO, "%s", err->text);
	} else if (st && err->text[0] != '\0') {
		write_line(process->err_fd, "", err->text);
		if (err->hint[0] != '\0')
			write_line(process->err_fd, "hint: ", err->hint);
	}
	return status_exit_code(st, reader);
}

static enum status run(const struct process *process, const struct arguments *arguments, const struct config *config,
		       struct log *log, enum exit_for *reader, struct error *err)
{
	int64_t timeout_ms = (int64_t)config_number(config, arguments->command->timeout);
	uint64_t level = config_number(config, OPTION_ID_LOG_LEVEL);
	log->level = (enum log_level)level;
	struct call call = {
	    .clock = &system_clock,
	    .random = &system_random,
	    .log = log,
	    .ending = ending_install(),
	    .deadline_ms = clock_monotonic_ms(&system_clock) + timeout_ms,
	    .step_ms = arguments->command->bound == BOUND_STEP ? timeout_ms : 0,
	    .step_begun = backstop_again,
	};
	struct command_context context = {
	    .config = config,
	    .call = &call,
	    .operands = arguments->operands,
	    .flags = arguments->flags,
	    .environment = (const char *const *)process->environment,
	    .out_fd = process->out_fd,
	    .out_is_terminal = isatty(process->out_fd) == 1,
	    .terminal_fd = isatty(process->err_fd) == 1 ? process->err_fd : 0,
	    .reader = *reader,
	};
	context.verified = backstop_disarm;
	context.detach = detach;
	backstop_arm(&(struct backstop){.timeout_ms = timeout_ms,
					.err_fd = process->err_fd,
					.reader = &context.reader,
					.command = arguments->command->name,
					.operand = arguments->operand_count > 0 ? arguments->operands[0] : ""});
	enum status st = arguments->command->run(&context, err);
	backstop_disarm();
	*reader = context.reader;
	return st;
}

/*
 * A command that is not known may be a misspelled restore_command: then recovery must stop, and not end early. A single
 * path, as %p is one, tells an archive_command, where a high code would end the archiver.
 */
static enum exit_for reader_of(const struct arguments *arguments)
{
	if (arguments->command != NULL)
		return arguments->command->reader;
	bool archives =
	    arguments->unknown && arguments->operand_count == 1 && strchr(arguments->operands[0], '/') != NULL;
	return archives ? EXIT_FOR_PUSH : EXIT_FOR_FETCH;
}

int cli_run(const struct process *process)
{
	struct error err = {0};
	struct arguments arguments;
	CLEANUP(config_freep) struct config *config = NULL;
	struct log log = {LEVEL_WARNING, write_log, (void *)(uintptr_t)process};
	enum status st = arguments_parse(&arguments, process->argc, process->argv, &err);
	enum exit_for reader = reader_of(&arguments);
	if (st)
		return report(process, st, reader, &log, &err);
	if (arguments.help || arguments.version || arguments.command == NULL || arguments.command->run == NULL)
		return report(process, help_print(process->out_fd, &arguments, &err), reader, &log, &err);
	struct config_input input = {
	    .options = arguments.options,
	    .option_count = arguments.option_count,
	    .environment = (const char *const *)process->environment,
	    .path = arguments.config_path,
	};
	st = config_load(&config, &input, &err);
	if (!st)
		st = run(process, &arguments, config, &log, &reader, &err);
	return report(process, st, reader, &log, &err);
}

int cli_fail(const struct process *process, enum status st, const struct error *err)
{
	struct error ignored = {0};
	struct arguments arguments;
	(void)arguments_parse(&arguments, process->argc, process->argv, &ignored);
	return report(process, st, reader_of(&arguments), NULL, err);
}

#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/built_with.h"
#include "config/nearest.h"
#include "sys/output.h"

#define BRIEF_LINES 16 /* of 24 */
#define HELP_COLUMN 26 /* where descriptions begin */
#define HELP_WIDTH 100

static const struct topic {
	const char *name;
	enum status (*print)(struct buffer *out, struct error *err);
} topics[] = {
    {"man", help_man},
    {"man-conf", help_man_conf},
    {"completion-bash", help_completion_bash},
    {"completion-zsh", help_completion_zsh},
    {"sample", help_sample},
    {"markdown", help_markdown},
};
#define TOPIC_COUNT (sizeof topics / sizeof topics[0])

enum status help_wrap(struct buffer *out, const char *text, size_t indent, size_t column, struct error *err)
{
	enum status st = STATUS_OK;
	bool fresh = true;
	while (!st && *text != '\0') {
		size_t len = strcspn(text, " ");
		if (!fresh && column + 1 + len > HELP_WIDTH) {
			st = buffer_printf(out, err, "\n%*s", (int)indent, "");
			column = indent;
			fresh = true;
		}
		if (!st)
			st = buffer_printf(out, err, "%s%.*s", fresh ? "" : " ", (int)len, text);
		column += len + (fresh ? 0 : 1);
		fresh = false;
		text += len + strspn(text + len, " ");
	}
	return st ? st : buffer_append(out, "\n", 1, err);
}

enum status help_accepts(struct buffer *out, enum option_id id, struct error *err)
{
	const struct option_row *row = &option_table[id];
	const char *also = row->also == NULL ? "" : "AWS_REGION or ";
	if (row->type == OPTION_CHOICE && row->value == NULL)
		return buffer_printf(out, err, "%s", row->bounds);
	if (row->type == OPTION_CHOICE)
		return buffer_printf(out, err, "%s; default %s", row->bounds, row->value);
	return row->value == NULL ? STATUS_OK : buffer_printf(out, err, "default %s%s", also, row->value);
}

/* Moves to HELP_COLUMN, on the next line if the current one is longer than that. */
static enum status to_column(struct buffer *out, size_t used, struct error *err)
{
	if (used >= HELP_COLUMN)
		return buffer_printf(out, err, "\n%*s", HELP_COLUMN, "");
	return buffer_printf(out, err, "%*s", (int)(HELP_COLUMN - used), "");
}

static enum status show_option(struct buffer *out, enum option_id id, struct error *err)
{
	const struct option_row *row = &option_table[id];
	struct buffer text = {0};
	struct buffer accepts = {0};
	enum status st = help_accepts(&accepts, id, err);
	if (!st)
		st = accepts.len == 0 ? buffer_printf(&text, err, "%s", row->help)
				      : buffer_printf(&text, err, "%s (%s)", row->help, buffer_text(&accepts));
	size_t used = out->len;
	if (!st)
		st = buffer_printf(out, err, "  %s%s %s", row->type == OPTION_SECRET ? "" : "--", row->name,
				   row->placeholder);
	if (!st)
		st = to_column(out, out->len - used, err);
	if (!st)
		st = help_wrap(out, buffer_text(&text), HELP_COLUMN, HELP_COLUMN, err);
	buffer_fini(&text);
	buffer_fini(&accepts);
	return st;
}

enum status help_overview(struct buffer *out, struct error *err)
{
	enum status st =
	    buffer_printf(out, err,
			  "walship keeps PostgreSQL's WAL in a directory or an S3 bucket, compressed and encrypted,\n"
			  "and restores it, verified.\n\nusage: walship COMMAND [OPTIONS]\n\ncommands:\n");
	for (size_t i = 0; !st && i < command_count; i++) {
		const struct command_row *row = &command_table[i];
		size_t used = out->len;
		st = buffer_printf(out, err, "  %-6s %s", row->name, row->operands);
		if (!st)
			st = to_column(out, out->len - used, err);
		if (!st)
			st = buffer_printf(out, err, "%s\n", row->summary);
	}
	if (!st)
		st = buffer_printf(out, err, "\noptions (in the environment: WALSHIP_NAME; in %s: name = value):\n",
				   CONFIG_PATH_DEFAULT);
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++)
		st = show_option(out, id, err);
	return st ? st
		  : buffer_printf(
			out, err,
			"  --config FILE           read this file instead of %s\n"
			"  -v, -vv                 set log-level to info or debug, and write messages to standard "
			"error too\n"
			"  -h, --help              show the commands, or the help of one command\n"
			"  -V, --version           show the version, and the libraries that walship was built with\n",
			CONFIG_PATH_DEFAULT);
}

/* Whether an earlier row begins with the same word: "key rotate" comes after "key list". */
static bool is_of_earlier_family(size_t i)
{
	size_t len = strcspn(command_table[i].name, " ");
	for (size_t other = 0; other < i; other++)
		if (strcspn(command_table[other].name, " ") == len &&
		    strncmp(command_table[other].name, command_table[i].name, len) == 0)
			return true;
	return false;
}

/*
 * One line for each of the first families of the table, which are the most used ones, and the names of the others, so
 * that the text fits one screen.
 */
static enum status show_families(struct buffer *out, struct error *err)
{
	enum status st = STATUS_OK;
	size_t shown = 0;
	for (size_t i = 0; !st && i < command_count; i++) {
		const struct command_row *row = &command_table[i];
		int len = (int)strcspn(row->name, " ");
		if (is_of_earlier_family(i))
			continue;
		if (shown < BRIEF_LINES)
			st = buffer_printf(out, err, "  %-9.*s %s\n", len, row->name, row->summary);
		else
			st = buffer_printf(out, err, "%s %.*s", shown == BRIEF_LINES ? "\n  more:" : ",", len,
					   row->name);
		shown++;
	}
	return st ? st : buffer_printf(out, err, "\n");
}

enum status help_brief(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err, "usage: walship COMMAND [OPTIONS]\n\n");
	if (!st)
		st = show_families(out, err);
	return st ? st
		  : buffer_printf(out, err,
				  "\n  --config FILE   read this file instead of %s\n\n"
				  "walship help COMMAND explains a command, walship help lists everything.\n",
				  CONFIG_PATH_DEFAULT);
}

/* Whether the command can end with this status. */
static bool can_end_with(const struct command_row *command, enum status code)
{
	bool stores = command->run != command_keygen;
	if (code == STATUS_WARNING || code == STATUS_CRITICAL || code == STATUS_UNKNOWN)
		return command->reader == EXIT_FOR_MONITOR;
	if (code == STATUS_OK || code == STATUS_USAGE || code == STATUS_LOCAL)
		return true;
	if (code == STATUS_UNREAD)
		return false; /* the process dies by SIGPIPE instead */
	if (code == STATUS_EXISTS)
		return command->run == command_keygen;
	if (code == STATUS_INCOMPLETE)
		return command->run == command_verify || command->run == command_info ||
		       command->run == command_restore || command->run == command_drill;
	return stores && !(code == STATUS_MISSING && command->reader != EXIT_FOR_FETCH);
}

static enum status show_exit_codes(struct buffer *out, const struct command_row *command, struct error *err)
{
	enum exit_for reader = command->reader;
	enum status st = buffer_printf(out, err, "\nexit codes:\n");
	for (enum status code = STATUS_OK; !st && code < STATUS_COUNT; code++) {
		if (!can_end_with(command, code))
			continue;
		if (reader == EXIT_FOR_PUSH || reader == EXIT_FOR_MONITOR)
			st = buffer_printf(out, err, "  %-12d%s\n", status_exit_code(code, reader),
					   status_meaning(code));
		else
			st = buffer_printf(out, err, "  %-4d%-8d%s\n", status_exit_code(code, EXIT_FOR_FETCH),
					   status_exit_code(code, EXIT_FOR_STANDBY), status_meaning(code));
	}
	if (!st && (reader == EXIT_FOR_FETCH || reader == EXIT_FOR_STANDBY))
		st = buffer_printf(out, err,
				   "  the second column applies on a standby, or with fetch-error = continue\n");
	return st;
}

enum status help_command(struct buffer *out, const struct command_row *command, struct error *err)
{
	enum status st = buffer_printf(out, err, "walship %s%s%s: %s\n\n", command->name,
				       command->operands[0] ? " " : "", command->operands, command->summary);
	if (!st)
		st = help_wrap(out, command->text, 0, 0, err);
	for (size_t i = 0; !st && i < flag_count; i++) {
		if (strcmp(flag_table[i].command, command->name) != 0)
			continue;
		st = buffer_printf(out, err, "\n  --%-22s", flag_table[i].name);
		if (!st)
			st = help_wrap(out, flag_table[i].text, HELP_COLUMN, HELP_COLUMN, err);
	}
	return st ? st : show_exit_codes(out, command, err);
}

enum status help_topic_names(struct buffer *out, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < TOPIC_COUNT; i++)
		st = buffer_printf(out, err, " %s", topics[i].name);
	return st;
}

/* Appends the help of every two-word command that begins with name, such as "key"; nothing if none does. */
static enum status group_text(struct buffer *out, const char *name, struct error *err)
{
	size_t len = strlen(name);
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < command_count; i++) {
		if (strncmp(command_table[i].name, name, len) != 0 || command_table[i].name[len] != ' ')
			continue;
		if (out->len > 0)
			st = buffer_printf(out, err, "\n");
		if (!st)
			st = help_command(out, &command_table[i], err);
	}
	return st;
}

static enum status topic_text(struct buffer *out, const char *name, struct error *err)
{
	struct nearest nearest = nearest_begin(name);
	const struct command_row *command = command_find(name);
	if (command != NULL)
		return help_command(out, command, err);
	enum status st = group_text(out, name, err);
	if (st || out->len > 0)
		return st;
	for (size_t i = 0; i < command_count; i++)
		nearest_offer(&nearest, command_table[i].name, strlen(command_table[i].name));
	for (size_t i = 0; i < TOPIC_COUNT; i++) {
		if (strcmp(topics[i].name, name) == 0)
			return topics[i].print(out, err);
		nearest_offer(&nearest, topics[i].name, strlen(topics[i].name));
	}
	(void)error_set(err, STATUS_USAGE, "help: unknown command '%.64s'", name);
	return nearest_is_near(&nearest) ? error_hint(err, STATUS_USAGE, "did you mean walship help %s?", nearest.name)
					 : error_hint(err, STATUS_USAGE, "see walship help");
}

static enum status choose_text(struct buffer *out, const struct arguments *arguments, struct error *err)
{
	if (arguments->version)
		return buffer_printf(out, err,
				     "walship %s\nbuilt with: " BUILT_WITH "\ncompression: " CODECS
				     "\nS3 clients: " S3_CLIENTS "\n",
				     WALSHIP_VERSION);
	if (arguments->help)
		return arguments->command != NULL ? help_command(out, arguments->command, err) : help_brief(out, err);
	if (arguments->operand_count == 0)
		return help_overview(out, err);
	char name[COMMAND_NAME_MAX];
	const char *const *words = arguments->operands;
	(void)snprintf(name, sizeof name, "%s%s%s", words[0], words[1] == NULL ? "" : " ",
		       words[1] == NULL ? "" : words[1]);
	return topic_text(out, name, err);
}

enum status help_print(int fd, const struct arguments *arguments, struct error *err)
{
	struct buffer out = {0};
	enum status st = choose_text(&out, arguments, err);
	if (!st)
		st = output_write(fd, "to standard output", out.data, out.len, err);
	buffer_fini(&out);
	return st;
}

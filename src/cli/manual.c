/* The longer texts: manual page, sample configuration, and the table of doc/options.md. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/help.h"

/* Escapes text for troff: '-' becomes a minus; backslashes and apostrophes are escaped. */
static enum status escaped(struct buffer *out, const char *text, struct error *err)
{
	enum status st = STATUS_OK;
	for (; !st && *text != '\0'; text++) {
		if (*text == '-')
			st = buffer_append(out, "\\-", 2, err);
		else if (*text == '\\')
			st = buffer_append(out, "\\e", 2, err);
		else if (*text == '\'')
			st = buffer_append(out, "\\(aq", 4, err);
		else
			st = buffer_append(out, text, 1, err);
	}
	return st;
}

/* ".TP", a term in bold with its argument in italics, and a paragraph. */
static enum status man_item(struct buffer *out, const char *term, const char *argument, const char *text,
			    struct error *err)
{
	enum status st = buffer_printf(out, err, ".TP\n.B ");
	if (!st)
		st = escaped(out, term, err);
	if (!st && argument[0] != '\0')
		st = buffer_printf(out, err, " \\fI%s\\fR", argument);
	if (!st)
		st = buffer_append(out, "\n", 1, err);
	if (!st)
		st = escaped(out, text, err);
	return st ? st : buffer_append(out, "\n", 1, err);
}

/* An option with its choices, its default, and its other names. */
static enum status man_option(struct buffer *out, enum option_id id, struct error *err)
{
	char variable[OPTION_VARIABLE_MAX];
	const struct option_row *row = &option_table[id];
	CLEANUP(buffer_fini) struct buffer text = {0};
	option_variable(id, variable);
	enum status st = buffer_printf(&text, err, "%s", row->help);
	if (!st && row->value != NULL)
		st = buffer_printf(&text, err, " (");
	if (!st)
		st = help_accepts(&text, id, err);
	if (!st && row->value != NULL)
		st = buffer_printf(&text, err, ")");
	if (!st)
		st = row->type == OPTION_SECRET ? buffer_printf(&text, err, ". Also %s", variable)
						: buffer_printf(&text, err, ". Also %s and --%s", variable, row->name);
	return st ? st : man_item(out, row->name, row->placeholder, buffer_text(&text), err);
}

static enum status man_options(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err, ".SH OPTIONS\n");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++)
		st = man_option(out, id, err);
	return st;
}

static enum status man_exit_codes(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(
	    out, err,
	    ".SH EXIT STATUS\nEach outcome has three codes: for push and most commands; for fetch and cat; "
	    "and for fetch on a standby or with fetch\\-error = continue.\n");
	for (enum status code = STATUS_OK; !st && code < STATUS_COUNT; code++) {
		char codes[32];
		if (code == STATUS_EXISTS || (code >= STATUS_WARNING && code != STATUS_INCOMPLETE))
			continue;
		if (code == STATUS_MISSING)
			(void)strcpy(codes, "none, 1, 1");
		else if (code == STATUS_INCOMPLETE)
			(void)snprintf(codes, sizeof codes, "%d (verify)", status_exit_code(code, EXIT_FOR_PUSH));
		else
			(void)snprintf(codes, sizeof codes, "%d, %d, %d", status_exit_code(code, EXIT_FOR_PUSH),
				       status_exit_code(code, EXIT_FOR_FETCH),
				       status_exit_code(code, EXIT_FOR_STANDBY));
		st = man_item(out, codes, "", status_meaning(code), err);
	}
	return st ? st
		  : buffer_printf(
			out, err,
			".PP\nstatus uses the exit codes of monitoring plugins: 0 OK, 1 WARNING, 2 CRITICAL, "
			"3 UNKNOWN.\n.PP\nWhen the reader of standard output closes the pipe, as in walship list | "
			"head, "
			"walship ends silently by SIGPIPE, which a shell shows as 141. status keeps its code.\n");
}

/* The first lines of a page, up to its synopsis. */
static enum status man_head(struct buffer *out, const char *page, const char *book, const char *name, struct error *err)
{
	return buffer_printf(out, err, ".TH %s \"\" \"walship %s\" \"%s\"\n.SH NAME\n%s\n.SH SYNOPSIS\n", page,
			     WALSHIP_VERSION, book, name);
}

static enum status man_commands(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err, ".SH COMMANDS\n");
	for (size_t i = 0; !st && i < command_count; i++) {
		st = man_item(out, command_table[i].name, command_table[i].operands, command_table[i].text, err);
		for (size_t k = 0; !st && k < flag_count; k++) {
			char term[64];
			if (strcmp(flag_table[k].command, command_table[i].name) != 0)
				continue;
			(void)snprintf(term, sizeof term, "--%s", flag_table[k].name);
			st = buffer_printf(out, err, ".RS\n");
			if (!st)
				st = man_item(out, term, "", flag_table[k].text, err);
			if (!st)
				st = buffer_printf(out, err, ".RE\n");
		}
	}
	return st;
}

static enum status man_synopsis(struct buffer *out, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < command_count; i++) {
		st = buffer_printf(out, err, "%s.B walship ", i == 0 ? "" : ".br\n");
		if (!st)
			st = escaped(out, command_table[i].name, err);
		if (!st)
			st = buffer_printf(out, err, "\n.I ");
		if (!st)
			st = command_table[i].operands[0] == '\0' ? buffer_printf(out, err, "\\&")
								  : escaped(out, command_table[i].operands, err);
		if (!st)
			st = buffer_append(out, "\n", 1, err);
	}
	return st;
}

/* The options that walship.conf does not have. */
static enum status man_arguments(struct buffer *out, struct error *err)
{
	static const char *const items[][3] = {
	    {"--config", "FILE", "read this file instead of " CONFIG_PATH_DEFAULT},
	    {"-v, -vv", "", "set log-level to info or debug, and write messages to standard error too"},
	    {"-h, --help", "", "show the help, or the help of the given command"},
	    {"-V, --version", "", "show the version, and the libraries that walship was built with"},
	    {"--", "", "end of options; the remaining arguments are operands"},
	};
	enum status st = buffer_printf(out, err,
				       ".SH OPTIONS\n"
				       "Every option of\n.BR walship.conf (5)\n"
				       "except secrets may be given anywhere as \\-\\-NAME VALUE or \\-\\-NAME=VALUE. "
				       "Other options:\n");
	for (size_t i = 0; !st && i < sizeof items / sizeof items[0]; i++)
		st = man_item(out, items[i][0], items[i][1], items[i][2], err);
	return st;
}

enum status help_man(struct buffer *out, struct error *err)
{
	enum status st = man_head(out, "WALSHIP 1", "User Commands",
				  "walship \\- keep PostgreSQL WAL in a directory or an S3 bucket", err);
	if (!st)
		st = man_synopsis(out, err);
	if (!st)
		st = buffer_printf(out, err,
				   ".SH DESCRIPTION\nwalship compresses each WAL file, encrypts and authenticates it, "
				   "and keeps it in a directory "
				   "or an S3 bucket.\nAn object is created once and never replaced.\n");
	if (!st)
		st = man_commands(out, err);
	if (!st)
		st = man_arguments(out, err);
	if (!st)
		st = man_exit_codes(out, err);
	return st ? st
		  : buffer_printf(out, err,
				  ".SH ENVIRONMENT\n.TP\n.B WALSHIP_CONFIG\nthe path of the configuration file, as "
				  "with \\-\\-config\n"
				  ".TP\n.B WALSHIP_*\neach option of\n.BR walship.conf (5),\nfor example WALSHIP_REPO\n"
				  ".SH FILES\n.TP\n.B " CONFIG_PATH_DEFAULT
				  "\nthe configuration file; walship help sample prints a template\n"
				  ".SH EXAMPLES\n.nf\narchive_command = \\(aqwalship push %%p\\(aq\n"
				  "restore_command = \\(aqwalship fetch %%f %%p\\(aq\n.fi\n"
				  ".SH SEE ALSO\n.BR walship.conf (5)\n");
}

enum status help_man_conf(struct buffer *out, struct error *err)
{
	enum status st =
	    man_head(out, "WALSHIP.CONF 5", "File Formats", "walship.conf \\- the configuration of walship", err);
	if (!st)
		st = buffer_printf(out, err,
				   ".B " CONFIG_PATH_DEFAULT "\n"
				   ".SH DESCRIPTION\n"
				   "The file consists of lines NAME = VALUE. A line that begins with ; or # is a "
				   "comment. The lines may be "
				   "in a section [walship]. A list option may be repeated.\n"
				   ".PP\n"
				   "Each option may also be set in the environment and on the command line. The "
				   "environment variable is "
				   "WALSHIP_ and the option's name in capitals with _ for \\-; \\(aq:\\(aq separates "
				   "the items of a list. "
				   "The command line overrides the environment, the environment overrides the file, "
				   "and the file overrides "
				   "the AWS_* variables. An unknown name is an error.\n"
				   ".PP\n"
				   "A SIZE is a whole number followed by B, KiB, MiB or GiB; a TIME is a whole number "
				   "followed by ms, s, min, "
				   "h or d. There is no space between number and unit.\n");
	if (!st)
		st = man_options(out, err);
	return st ? st
		  : buffer_printf(
			out, err,
			".SH EXAMPLES\nA directory:\n.PP\n.nf\nrepo = file:///srv/walship\ncipher\\-key\\-file = "
			"/etc/walship/key\n.fi\n.PP\nA bucket:\n.PP\n.nf\nrepo = s3://bucket/prefix\n"
			"cipher\\-key\\-file = /etc/walship/key\ns3\\-region = ca\\-central\\-1\ns3\\-key = AKIA...\n"
			"s3\\-key\\-secret\\-file = /etc/walship/s3\\-secret\n.fi\n"
			".SH SEE ALSO\n.BR walship (1)\n");
}

enum status help_sample(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err,
				       "; walship.conf with every option. Lines that begin with ';' are comments.\n"
				       "; A list option may be repeated. A file with s3-key-secret needs mode 0600.\n");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++) {
		const struct option_row *row = &option_table[id];
		st = buffer_printf(out, err, "\n; %s\n", row->help);
		if (!st && row->type == OPTION_CHOICE)
			st = buffer_printf(out, err, "; one of %s\n", row->bounds);
		if (!st)
			st = buffer_printf(out, err, ";%s = %s\n", row->name,
					   row->value == NULL ? row->placeholder : row->value);
	}
	return st;
}

enum status help_markdown(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err, "# Options\n\n");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++) {
		struct buffer accepts = {0};
		st = help_accepts(&accepts, id, err);
		if (!st)
			st = buffer_printf(out, err, "- `%s`%s%s%s:\n  ", option_table[id].name,
					   accepts.len > 0 ? " (" : "", buffer_text(&accepts),
					   accepts.len > 0 ? ")" : "");
		if (!st)
			st = help_wrap(out, option_table[id].help, 2, 2, err);
		buffer_fini(&accepts);
	}
	return st;
}

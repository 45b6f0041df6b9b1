/* The longer texts: manual page, sample configuration, and the table of doc/options.md. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

/* For troff: '-' is a minus, a backslash is one, and a line must not begin with a dot or an apostrophe. */
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

static enum status man_options(struct buffer *out, struct error *err)
{
	enum status st =
	    buffer_printf(out, err,
			  ".SH OPTIONS\n"
			  "Each is also a variable (repo is WALSHIP_REPO) and a line of walship.conf (repo = URL).\n"
			  "The command line is stronger than the environment, and that than the file.\n");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++) {
		char term[64] = "--";
		struct buffer text = {0};
		(void)strcat(term, option_table[id].name);
		st = buffer_printf(&text, err, "%s", option_table[id].help);
		if (!st && option_table[id].value != NULL)
			st = buffer_printf(&text, err, " (");
		if (!st)
			st = help_accepts(&text, id, err);
		if (!st && option_table[id].value != NULL)
			st = buffer_printf(&text, err, ")");
		if (!st)
			st = man_item(out, option_table[id].type == OPTION_SECRET ? option_table[id].name : term,
				      option_table[id].placeholder, buffer_text(&text), err);
		buffer_fini(&text);
	}
	return st ? st
		  : man_item(out, "--config", "FILE",
			     "read this instead of " CONFIG_PATH_DEFAULT " (or WALSHIP_CONFIG)", err);
}

static enum status man_exit_codes(struct buffer *out, struct error *err)
{
	enum status st =
	    buffer_printf(out, err,
			  ".SH EXIT STATUS\nThree codes for each outcome: of push, keygen and config; of fetch and "
			  "cat; and of fetch on a standby, or with fetch\\-error = continue.\n");
	for (enum status code = STATUS_OK; !st && code < STATUS_COUNT; code++) {
		char codes[32];
		if (code == STATUS_EXISTS || code >= STATUS_WARNING)
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
		  : buffer_printf(out, err,
				  ".PP\nThose of status are those of monitoring plugins: 0 OK, 1 WARNING, 2 CRITICAL, "
				  "3 UNKNOWN.\n");
}

enum status help_man(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err,
				       ".TH WALSHIP 1 \"\" \"walship %s\" \"User Commands\"\n"
				       ".SH NAME\nwalship \\- keep PostgreSQL WAL in a directory or an S3 bucket\n"
				       ".SH SYNOPSIS\n",
				       WALSHIP_VERSION);
	for (size_t i = 0; !st && i < command_count; i++)
		st = buffer_printf(out, err, "%s.B walship %s\n.I %s\n", i == 0 ? "" : ".br\n", command_table[i].name,
				   command_table[i].operands[0] == '\0' ? "\\&" : command_table[i].operands);
	if (!st)
		st = buffer_printf(
		    out, err,
		    ".SH DESCRIPTION\nwalship compresses each WAL file, encrypts and authenticates it, and keeps it in "
		    "a "
		    "directory or an S3 bucket.\nAn object is created once and never replaced.\n.SH COMMANDS\n");
	for (size_t i = 0; !st && i < command_count; i++)
		st = man_item(out, command_table[i].name, command_table[i].operands, command_table[i].text, err);
	for (size_t i = 0; !st && i < flag_count; i++) {
		char term[64];
		(void)snprintf(term, sizeof term, "%s --%s", flag_table[i].command, flag_table[i].name);
		st = man_item(out, term, "", flag_table[i].text, err);
	}
	if (!st)
		st = man_options(out, err);
	if (!st)
		st = man_exit_codes(out, err);
	return st ? st
		  : buffer_printf(out, err,
				  ".SH FILES\n.TP\n.B " CONFIG_PATH_DEFAULT
				  "\nthe configuration; walship help sample prints one\n"
				  ".SH EXAMPLES\n.nf\narchive_command = \\(aqwalship push %%p\\(aq\n"
				  "restore_command = \\(aqwalship fetch %%f %%p\\(aq\n.fi\n");
}

enum status help_sample(struct buffer *out, struct error *err)
{
	enum status st =
	    buffer_printf(out, err,
			  "; walship.conf: every option; what stands behind ';' is not in force.\n"
			  "; A list's name may stand on several lines. A file with s3-key-secret needs mode 0600.\n");
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

/* A table's cell must not hold its separator. */
static enum status cell(struct buffer *out, const char *text, struct error *err)
{
	enum status st = buffer_append(out, " ", 1, err);
	for (; !st && *text != '\0'; text++)
		st = *text == '|' ? buffer_append(out, ", ", 2, err) : buffer_append(out, text, 1, err);
	return st ? st : buffer_append(out, " |", 2, err);
}

enum status help_markdown(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err, "| option | accepts | meaning |\n| --- | --- | --- |\n");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++) {
		struct buffer accepts = {0};
		st = help_accepts(&accepts, id, err);
		if (!st)
			st = buffer_printf(out, err, "| `%s` |", option_table[id].name);
		if (!st)
			st = cell(out, buffer_text(&accepts), err);
		if (!st)
			st = cell(out, option_table[id].help, err);
		if (!st)
			st = buffer_append(out, "\n", 1, err);
		buffer_fini(&accepts);
	}
	return st;
}

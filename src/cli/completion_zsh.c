/* Completion for zsh: the tables become specifications for _arguments. */
#include <string.h>

#include "cli/completion.h"
#include "cli/help.h"

/* Appends the first clause of a text, quoted for a single-quoted string with brackets. */
static enum status zsh_text(struct buffer *out, const char *text, struct error *err)
{
	enum status st = STATUS_OK;
	for (; !st && *text != '\0' && *text != ';' && strncmp(text, " (", 2) != 0 && strncmp(text, ": ", 2) != 0 &&
	       strncmp(text, ". ", 2) != 0;
	     text++) {
		if (*text == '\'')
			st = buffer_append(out, "'\\''", 4, err);
		else if (*text == '[' || *text == ']' || *text == '\\')
			st = buffer_printf(out, err, "\\%c", *text);
		else
			st = buffer_append(out, text, 1, err);
	}
	return st;
}

/* An action of _arguments. */
static enum status zsh_action(struct buffer *out, const struct expected *what, struct error *err)
{
	enum status st = STATUS_OK;
	if (what->commands)
		return buffer_printf(out, err, "_walship_topics");
	if (what->words[0] != '\0' && what->files)
		return buffer_printf(out, err, " _walship_words_or_files %s", what->words);
	if (what->words[0] != '\0') {
		st = buffer_append(out, "(", 1, err);
		/* A colon ends the action. */
		for (const char *c = what->words; !st && *c != '\0'; c++)
			st = buffer_printf(out, err, "%s%c", *c == ':' ? "\\" : "", *c);
		return st ? st : buffer_append(out, ")", 1, err);
	}
	return buffer_printf(out, err, "%s", what->files ? "_files" : what->dirs ? "_files -/" : " ");
}

static enum status zsh_options(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err,
				       "_walship_options=(\n"
				       "\t'(-h --help)'{-h,--help}'[show help]'\n"
				       "\t'(-V --version)'{-V,--version}'[show the version and the libraries]'\n"
				       "\t'(-v -vv)'{-v,-vv}'[log-level info, debug]'\n"
				       "\t'--config=[read this configuration]:FILE:_files'\n");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++) {
		struct expected what = completion_value(id);
		const struct option_row *row = &option_table[id];
		if (row->type == OPTION_SECRET)
			continue;
		st = buffer_printf(out, err, "\t'%s--%s=[", row->type == OPTION_LIST ? "*" : "", row->name);
		if (!st)
			st = zsh_text(out, row->help, err);
		if (!st)
			st = buffer_printf(out, err, "]:%s:", row->type == OPTION_CHOICE ? "value" : row->placeholder);
		if (!st)
			st = zsh_action(out, &what, err);
		if (!st)
			st = buffer_printf(out, err, "'\n");
	}
	return st ? st : buffer_printf(out, err, ")\n\n");
}

static enum status zsh_commands(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err, "_walship_commands=(\n");
	for (size_t i = 0; !st && i < command_count; i++) {
		if (completion_continues(i))
			continue;
		st = buffer_printf(out, err, "\t'%.*s:", (int)strcspn(command_table[i].name, " "),
				   command_table[i].name);
		if (!st)
			st = completion_group(i) > 0 ? completion_second_words(out, i, err)
						     : zsh_text(out, command_table[i].summary, err);
		if (!st)
			st = buffer_printf(out, err, "'\n");
	}
	return st ? st : buffer_printf(out, err, ")\n\n");
}

static enum status zsh_flags(struct buffer *out, const struct command_row *command, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < flag_count; i++) {
		if (strcmp(flag_table[i].command, command->name) != 0)
			continue;
		st = buffer_printf(out, err, " '--%s[", flag_table[i].name);
		if (!st)
			st = zsh_text(out, flag_table[i].text, err);
		if (!st)
			st = buffer_printf(out, err, "]'");
	}
	return st;
}

/* One line of the case on the command: its flags and its operands. */
static enum status zsh_command(struct buffer *out, const struct command_row *command, struct error *err)
{
	const char *rest = command->operands, *name;
	size_t len;
	enum status st = buffer_printf(out, err, "\t'%s') _arguments $_walship_options", command->name);
	if (!st)
		st = zsh_flags(out, command, err);
	for (unsigned number = 1; !st && *rest != '\0';) {
		rest = completion_operand(rest, &name, &len);
		if (name[0] == '-' || len == 0)
			continue;
		struct expected what = completion_expected(name, len);
		st = buffer_printf(out, err, " '%u:%.*s:", number++, (int)strcspn(name, " ]"), name);
		if (!st)
			st = zsh_action(out, &what, err);
		if (!st)
			st = buffer_printf(out, err, "'");
	}
	return st ? st : buffer_printf(out, err, " ;;\n");
}

/* What may follow the first word: of a command of this word alone also its flags and the values of its operand. */
static enum status zsh_second_words(struct buffer *out, size_t command, struct error *err)
{
	const struct command_row *alone = completion_alone(command);
	const char *name;
	size_t len = 0;
	enum status st = alone == NULL ? STATUS_OK : zsh_flags(out, alone, err);
	if (!st)
		st = buffer_printf(out, err, " '1:command:(");
	if (!st && alone != NULL) {
		(void)completion_operand(alone->operands, &name, &len);
		st = buffer_printf(out, err, "%s ", completion_expected(name, len).words);
	}
	if (!st)
		st = completion_second_words(out, command, err);
	return st ? st : buffer_printf(out, err, ")'");
}

/* For a two-word command, takes one more word from the line. */
static enum status zsh_groups(struct buffer *out, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < command_count; i++) {
		if (!completion_begins_group(i))
			continue;
		st = buffer_printf(out, err,
				   "\tif [[ $chosen == %.*s ]]; then\n"
				   "\t\tstate=\n"
				   "\t\t_arguments -C $_walship_options",
				   (int)completion_group(i), command_table[i].name);
		if (!st)
			st = zsh_second_words(out, i, err);
		if (!st)
			st = buffer_printf(out, err,
					   " '*::operand:->operand'\n"
					   "\t\t[[ $state == operand ]] || return\n"
					   "\t\t[[ ' ");
		if (!st)
			st = completion_second_words(out, i, err);
		if (!st)
			st = buffer_printf(out, err, " ' == *\" $words[1] \"* ]] && chosen+=\" $words[1]\"\n\tfi\n");
	}
	return st;
}

/* The file is the body of the completion function, so its variables are local. */
enum status help_completion_zsh(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err,
				       "#compdef walship\n# Completion of walship for zsh, made by: walship help "
				       "completion-zsh\n\n"
				       "local curcontext=$curcontext state line\n"
				       "local -a _walship_commands _walship_options _walship_extra\n\n");
	if (!st)
		st = zsh_commands(out, err);
	if (!st)
		st = zsh_options(out, err);
	if (!st)
		st = buffer_printf(out, err, "_walship_extra=(");
	if (!st)
		st = help_topic_names(out, err);
	if (!st)
		st = buffer_printf(out, err,
				   " )\n\n"
				   "_walship_topics() {\n"
				   "\t_describe command _walship_commands\n"
				   "\tcompadd -a _walship_extra\n"
				   "}\n\n"
				   "_walship_words_or_files() {\n"
				   "\tcompadd -- $@\n"
				   "\t_files\n"
				   "}\n\n"
				   "_arguments -C $_walship_options '1:command:->command' '*::operand:->operand'\n"
				   "case $state in\n"
				   "command) _describe command _walship_commands ;;\n"
				   "operand)\n"
				   "\tlocal chosen=$words[1]\n");
	if (!st)
		st = zsh_groups(out, err);
	if (!st)
		st = buffer_printf(out, err, "\tcase $chosen in\n");
	for (size_t i = 0; !st && i < command_count; i++)
		st = zsh_command(out, &command_table[i], err);
	return st ? st : buffer_printf(out, err, "\tesac ;;\nesac\n");
}

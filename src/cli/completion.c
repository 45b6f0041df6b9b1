/* Completion for bash and zsh: the tables as cases, and around them what is the same for every program. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

/* What a placeholder of the tables stands for: "FILE", "auto|path", "stderr|FILE". */
struct expected {
	char words[256]; /* separated by blanks; "" */
	bool files, folders, commands;
};

static void expect(struct expected *out, const char *name, size_t len)
{
	static const char *const files[] = {"FILE", "PATH", "DEST"};
	size_t used = strlen(out->words);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		out->files |= strlen(files[i]) == len && strncmp(files[i], name, len) == 0;
	out->folders |= len == 3 && strncmp("DIR", name, len) == 0;
	out->commands |= len == 7 && strncmp("COMMAND", name, len) == 0;
	/* Capitals are a name for a value, the rest are the values themselves. */
	if (strcspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < len)
		return;
	(void)snprintf(out->words + used, sizeof out->words - used, "%s%.*s", used > 0 ? " " : "", (int)len, name);
}

static struct expected expected_of(const char *names, size_t len)
{
	struct expected out = {0};
	for (size_t i = 0; i < len;) {
		size_t one = strcspn(names + i, "| ]");
		one = one < len - i ? one : len - i;
		expect(&out, names + i, one);
		i += one + 1;
	}
	return out;
}

/* The value of an option: what a CHOICE has may be in capitals, too. */
static struct expected value_of(enum option_id id)
{
	const struct option_row *row = &option_table[id];
	struct expected out = {0};
	if (row->type != OPTION_CHOICE)
		return expected_of(row->placeholder, strlen(row->placeholder));
	(void)snprintf(out.words, sizeof out.words, "%s", row->bounds);
	for (char *c = out.words; *c != '\0'; c++)
		if (*c == '|')
			*c = ' ';
	return out;
}

static enum status put_commands(struct buffer *out, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < command_count; i++)
		st = buffer_printf(out, err, "%s%s", i == 0 ? "" : " ", command_table[i].name);
	return st;
}

/* What bash's own readline does with files is more than a list of words could. */
static enum status bash_case(struct buffer *out, const struct expected *what, struct error *err)
{
	enum status st = STATUS_OK;
	if (what->words[0] != '\0')
		st = buffer_printf(out, err, " words='%s'", what->words);
	if (!st && what->commands) {
		st = buffer_printf(out, err, " words='");
		if (!st)
			st = put_commands(out, err);
		if (!st)
			st = help_topic_names(out, err);
		if (!st)
			st = buffer_printf(out, err, "'");
	}
	if (!st && (what->files || what->folders))
		st = buffer_printf(out, err, "%s kind=%s", what->words[0] != '\0' ? ";" : "",
				   what->files ? "default" : "dirnames");
	return st ? st : buffer_printf(out, err, " ;;\n");
}

static enum status bash_values(struct buffer *out, struct error *err)
{
	static const struct expected file = {.files = true};
	enum status st = buffer_printf(out, err,
				       "# What may stand behind an option; false when nothing does.\n"
				       "_walship_value() {\n\tcase $1 in\n");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++) {
		struct expected what = value_of(id);
		if (option_table[id].type == OPTION_SECRET)
			continue;
		st = buffer_printf(out, err, "\t--%s)", option_table[id].name);
		if (!st)
			st = bash_case(out, &what, err);
	}
	if (!st)
		st = buffer_printf(out, err, "\t--config)");
	if (!st)
		st = bash_case(out, &file, err);
	return st ? st : buffer_printf(out, err, "\t*) return 1 ;;\n\tesac\n}\n\n");
}

/* The names in "NAME DEST", "[COMMAND]"; flags stand there too, as "[--json]". */
static const char *next_operand(const char *operands, const char **name, size_t *len)
{
	operands += strspn(operands, " ");
	*name = operands + strspn(operands, "[");
	operands += strcspn(operands, " ");
	*len = (size_t)(operands - *name);
	return operands;
}

static enum status bash_operands(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err,
				       "# What may stand as the operand of this number of a command.\n"
				       "_walship_operand() {\n\tcase $1,$2 in\n");
	for (size_t i = 0; !st && i < command_count; i++) {
		const char *rest = command_table[i].operands, *name;
		size_t len;
		for (unsigned number = 1; !st && *rest != '\0';) {
			rest = next_operand(rest, &name, &len);
			if (name[0] == '-' || len == 0)
				continue;
			struct expected what = expected_of(name, len);
			st = buffer_printf(out, err, "\t%s,%u)", command_table[i].name, number++);
			if (!st)
				st = bash_case(out, &what, err);
		}
	}
	return st ? st : buffer_printf(out, err, "\tesac\n}\n\n");
}

static enum status bash_flags(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err,
				       "# What else may begin with a dash: of a command, and everywhere.\n"
				       "_walship_flags() {\n\tcase $1 in\n");
	for (size_t i = 0; !st && i < command_count; i++) {
		bool some = false;
		for (size_t k = 0; !st && k < flag_count; k++) {
			if (strcmp(flag_table[k].command, command_table[i].name) != 0)
				continue;
			st = some ? buffer_printf(out, err, " --%s", flag_table[k].name)
				  : buffer_printf(out, err, "\t%s) words+=' --%s", command_table[i].name,
						  flag_table[k].name);
			some = true;
		}
		if (!st && some)
			st = buffer_printf(out, err, "' ;;\n");
	}
	if (!st)
		st = buffer_printf(out, err, "\tesac\n\twords+=' -v -vv -h --help --version --config");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++)
		if (option_table[id].type != OPTION_SECRET)
			st = buffer_printf(out, err, " --%s", option_table[id].name);
	return st ? st : buffer_printf(out, err, "'\n}\n\n");
}

/* The line is taken apart anew: of bash's own words '=' and ':' are some of their own. */
static const char bash_main[] = "_walship() {\n"
				"\tlocal line word current option= command= operands=0 ended= prefix= words= kind=\n"
				"\tread -a line <<<\"${COMP_LINE:0:COMP_POINT}\"\n"
				"\t[[ ${COMP_LINE:0:COMP_POINT} != *[[:blank:]] ]] || line+=('')\n"
				"\tcurrent=${line[-1]}\n"
				"\tfor word in \"${line[@]:1:${#line[@]}-2}\"; do\n"
				"\t\tif [[ $option ]]; then\n"
				"\t\t\toption=\n"
				"\t\telif [[ $ended || $word != -* ]]; then\n"
				"\t\t\tif [[ $command ]]; then operands=$((operands + 1)); else command=$word; fi\n"
				"\t\telif [[ $word == -- ]]; then\n"
				"\t\t\tended=yes\n"
				"\t\telif _walship_value \"$word\"; then\n"
				"\t\t\toption=$word\n"
				"\t\tfi\n"
				"\tdone\n"
				"\twords= kind= COMPREPLY=()\n"
				"\tif [[ $option ]]; then\n"
				"\t\t_walship_value \"$option\"\n"
				"\telif [[ ! $ended && $current == --*=* ]]; then\n"
				"\t\t_walship_value \"${current%%=*}\"\n"
				"\t\t[[ $COMP_WORDBREAKS == *=* ]] || prefix=${current%%=*}=\n"
				"\t\tcurrent=${current#*=}\n"
				"\telif [[ ! $ended && $current == -* ]]; then\n"
				"\t\t_walship_flags \"$command\"\n"
				"\telif [[ ! $command ]]; then\n"
				"\t\twords=$_walship_commands\n"
				"\telse\n"
				"\t\t_walship_operand \"$command\" $((operands + 1))\n"
				"\tfi\n"
				"\tmapfile -t COMPREPLY < <(compgen -P \"$prefix\" -W \"$words\" -- \"$current\")\n"
				"\t[[ ! $kind || ${#COMPREPLY[@]} -gt 0 ]] || compopt -o \"$kind\"\n"
				"}\n"
				"complete -F _walship walship\n";

enum status help_completion_bash(struct buffer *out, struct error *err)
{
	enum status st =
	    buffer_printf(out, err, "# Completion of walship for bash, made by: walship help completion-bash\n\n");
	if (!st)
		st = bash_values(out, err);
	if (!st)
		st = bash_operands(out, err);
	if (!st)
		st = bash_flags(out, err);
	if (!st)
		st = buffer_printf(out, err, "_walship_commands='");
	if (!st)
		st = put_commands(out, err);
	return st ? st : buffer_printf(out, err, "'\n\n%s", bash_main);
}

/* The beginning of a text, up to what only a longer reading would need, for a string in quotes and brackets. */
static enum status zsh_text(struct buffer *out, const char *text, struct error *err)
{
	enum status st = STATUS_OK;
	for (; !st && *text != '\0' && *text != ';' && strncmp(text, " (", 2) != 0 && strncmp(text, ": ", 2) != 0;
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
	return buffer_printf(out, err, "%s", what->files ? "_files" : what->folders ? "_files -/" : " ");
}

static enum status zsh_options(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err,
				       "_walship_options=(\n"
				       "\t'(-h --help)'{-h,--help}'[show help]'\n"
				       "\t'--version[show the version]'\n"
				       "\t'(-v -vv)'{-v,-vv}'[log-level info, debug]'\n"
				       "\t'--config=[read this configuration]:FILE:_files'\n");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++) {
		struct expected what = value_of(id);
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
		st = buffer_printf(out, err, "\t'%s:", command_table[i].name);
		if (!st)
			st = zsh_text(out, command_table[i].summary, err);
		if (!st)
			st = buffer_printf(out, err, "'\n");
	}
	return st ? st : buffer_printf(out, err, ")\n\n");
}

/* One line of the case on the command: its flags and its operands. */
static enum status zsh_command(struct buffer *out, const struct command_row *command, struct error *err)
{
	const char *rest = command->operands, *name;
	size_t len;
	enum status st = buffer_printf(out, err, "\t%s) _arguments $_walship_options", command->name);
	for (size_t i = 0; !st && i < flag_count; i++) {
		if (strcmp(flag_table[i].command, command->name) != 0)
			continue;
		st = buffer_printf(out, err, " '--%s[", flag_table[i].name);
		if (!st)
			st = zsh_text(out, flag_table[i].text, err);
		if (!st)
			st = buffer_printf(out, err, "]'");
	}
	for (unsigned number = 1; !st && *rest != '\0';) {
		rest = next_operand(rest, &name, &len);
		if (name[0] == '-' || len == 0)
			continue;
		struct expected what = expected_of(name, len);
		st = buffer_printf(out, err, " '%u:%.*s:", number++, (int)strcspn(name, " ]"), name);
		if (!st)
			st = zsh_action(out, &what, err);
		if (!st)
			st = buffer_printf(out, err, "'");
	}
	return st ? st : buffer_printf(out, err, " ;;\n");
}

/* The file is the body of the function: what is local to it is there whenever it is called. */
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
				   "\tcase $words[1] in\n");
	for (size_t i = 0; !st && i < command_count; i++)
		st = zsh_command(out, &command_table[i], err);
	return st ? st : buffer_printf(out, err, "\tesac ;;\nesac\n");
}

/* Completion for bash: the tables become case statements around a generic parser. */
#include <string.h>

#include "cli/completion.h"
#include "cli/help.h"

static enum status bash_groups(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err,
				       "# Sets the second words of a two-word command; false for other commands.\n"
				       "_walship_group() {\n\tcase $1 in\n");
	for (size_t i = 0; !st && i < command_count; i++) {
		if (!completion_begins_group(i))
			continue;
		st = buffer_printf(out, err, "\t%.*s) words='", (int)completion_group(i), command_table[i].name);
		if (!st)
			st = completion_second_words(out, i, err);
		if (!st)
			st = buffer_printf(out, err, "' ;;\n");
	}
	return st ? st : buffer_printf(out, err, "\t*) return 1 ;;\n\tesac\n}\n\n");
}

/* Files and directories are left to readline, which completes them better than a list of words. */
static enum status bash_case(struct buffer *out, const struct expected *what, struct error *err)
{
	enum status st = STATUS_OK;
	if (what->words[0] != '\0')
		st = buffer_printf(out, err, " words='%s'", what->words);
	if (!st && what->commands) {
		st = buffer_printf(out, err, " words='");
		if (!st)
			st = completion_commands(out, err);
		if (!st)
			st = help_topic_names(out, err);
		if (!st)
			st = buffer_printf(out, err, "'");
	}
	if (!st && (what->files || what->dirs))
		st = buffer_printf(out, err, "%s kind=%s", what->words[0] != '\0' ? ";" : "",
				   what->files ? "default" : "dirnames");
	return st ? st : buffer_printf(out, err, " ;;\n");
}

static enum status bash_values(struct buffer *out, struct error *err)
{
	static const struct expected file = {.files = true};
	enum status st = buffer_printf(out, err,
				       "# Sets the values of an option; false for an option without a value.\n"
				       "_walship_value() {\n\tcase $1 in\n");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++) {
		struct expected what = completion_value(id);
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

static enum status bash_operands(struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err,
				       "# What may stand as the operand of this number of a command.\n"
				       "_walship_operand() {\n\tcase $1,$2 in\n");
	for (size_t i = 0; !st && i < command_count; i++) {
		const char *rest = command_table[i].operands, *name;
		size_t len;
		for (unsigned number = 1; !st && *rest != '\0';) {
			rest = completion_operand(rest, &name, &len);
			if (name[0] == '-' || len == 0)
				continue;
			struct expected what = completion_expected(name, len);
			st = buffer_printf(out, err, "\t'%s,%u')", command_table[i].name, number++);
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
				  : buffer_printf(out, err, "\t'%s') words+=' --%s", command_table[i].name,
						  flag_table[k].name);
			some = true;
		}
		if (!st && some)
			st = buffer_printf(out, err, "' ;;\n");
	}
	if (!st)
		st = buffer_printf(out, err, "\tesac\n\twords+=' -v -vv -h --help -V --version --config");
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++)
		if (option_table[id].type != OPTION_SECRET)
			st = buffer_printf(out, err, " --%s", option_table[id].name);
	return st ? st : buffer_printf(out, err, "'\n}\n\n");
}

/* Splits the line itself, because bash treats '=' and ':' as separate words. */
static const char bash_main[] =
    "_walship() {\n"
    "\tlocal line word current option= command= operands=0 ended= prefix= words= kind= group\n"
    "\tread -a line <<<\"${COMP_LINE:0:COMP_POINT}\"\n"
    "\t[[ ${COMP_LINE:0:COMP_POINT} != *[[:blank:]] ]] || line+=('')\n"
    "\tcurrent=${line[-1]}\n"
    "\tfor word in \"${line[@]:1:${#line[@]}-2}\"; do\n"
    "\t\tif [[ $option ]]; then\n"
    "\t\t\toption=\n"
    "\t\telif [[ $ended || $word != -* ]]; then\n"
    "\t\t\tif [[ ! $command ]]; then\n"
    "\t\t\t\tcommand=$word\n"
    "\t\t\telif _walship_group \"$command\" && [[ \" $words \" == *\" $word \"* ]]; then\n"
    "\t\t\t\tcommand+=\" $word\"\n"
    "\t\t\telse\n"
    "\t\t\t\toperands=$((operands + 1))\n"
    "\t\t\tfi\n"
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
    "\t\t[[ $operands -gt 0 ]] || _walship_group \"$command\"\n"
    "\t\tgroup=$words words=\n"
    "\t\t_walship_operand \"$command\" $((operands + 1))\n"
    "\t\twords=\"$words $group\"\n"
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
		st = bash_groups(out, err);
	if (!st)
		st = bash_operands(out, err);
	if (!st)
		st = bash_flags(out, err);
	if (!st)
		st = buffer_printf(out, err, "_walship_commands='");
	if (!st)
		st = completion_commands(out, err);
	return st ? st : buffer_printf(out, err, "'\n\n%s", bash_main);
}

/* What walship says about itself, all of it from the tables. */
#ifndef WALSHIP_CLI_HELP_H
#define WALSHIP_CLI_HELP_H

#include "base/buffer.h"
#include "cli/arguments.h"

/* --version, --help, `help` and `help TOPIC`. STATUS_USAGE for a topic that there is not. */
enum status help_print(int fd, const struct arguments *arguments, struct error *err);

/* The topics, appended to out. */
enum status help_overview(struct buffer *out, struct error *err);
enum status help_command(struct buffer *out, const struct command_row *command, struct error *err);
enum status help_man(struct buffer *out, struct error *err);      /* walship(1), for man */
enum status help_man_conf(struct buffer *out, struct error *err); /* walship.conf(5) */
enum status help_sample(struct buffer *out, struct error *err);   /* walship.conf */
enum status help_markdown(struct buffer *out, struct error *err); /* options and exit codes */

/* "1..9", "a|b", "" ...: what an option accepts, and its default, in words; "" when there is nothing to say. */
enum status help_accepts(struct buffer *out, enum option_id id, struct error *err);

enum status help_completion_bash(struct buffer *out, struct error *err);
enum status help_completion_zsh(struct buffer *out, struct error *err);

/* What `help` takes beside commands, each with a blank before it. */
enum status help_topic_names(struct buffer *out, struct error *err);

#endif

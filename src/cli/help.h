/* Help, manual pages, sample configuration and completion, all generated from the tables. */
#ifndef WALSHIP_CLI_HELP_H
#define WALSHIP_CLI_HELP_H

#include "base/buffer.h"
#include "cli/arguments.h"

/* Prints --version, --help, `help` and `help TOPIC`. STATUS_USAGE for an unknown topic. */
enum status help_print(int fd, const struct arguments *arguments, struct error *err);

/* Each appends one topic to out. */
enum status help_brief(struct buffer *out, struct error *err);    /* the commands, on a screen of 24 lines of 80 */
enum status help_overview(struct buffer *out, struct error *err); /* the commands and every option */
enum status help_command(struct buffer *out, const struct command_row *command, struct error *err);
enum status help_man(struct buffer *out, struct error *err);      /* walship(1) */
enum status help_man_conf(struct buffer *out, struct error *err); /* walship.conf(5) */
enum status help_sample(struct buffer *out, struct error *err);   /* walship.conf */
enum status help_markdown(struct buffer *out, struct error *err); /* the list of options */

/* Appends text, wrapped at spaces, and a newline. Every line but the first is indented. column is the current one. */
enum status help_wrap(struct buffer *out, const char *text, size_t indent, size_t column, struct error *err);

/* Appends an option's choices and default, such as "a|b; default a"; nothing without either. */
enum status help_accepts(struct buffer *out, enum option_id id, struct error *err);

enum status help_completion_bash(struct buffer *out, struct error *err);
enum status help_completion_zsh(struct buffer *out, struct error *err);

/* Appends the topics of `help` other than commands, each after a space. */
enum status help_topic_names(struct buffer *out, struct error *err);

#endif

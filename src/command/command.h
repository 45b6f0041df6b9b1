/* The commands, as cli/ calls them. */
#ifndef WALSHIP_COMMAND_COMMAND_H
#define WALSHIP_COMMAND_COMMAND_H

#include "command/options/context.h"

enum status command_push(struct command_context *context, struct error *err);
enum status command_fetch(struct command_context *context, struct error *err);
/* Who reads the exit code of a fetch whose configuration cannot be read. */
enum exit_for command_fetch_unconfigured(const char *const *operands);
enum status command_cat(struct command_context *context, struct error *err);
enum status command_keygen(struct command_context *context, struct error *err);
enum status command_key_list(struct command_context *context, struct error *err);
enum status command_key_rotate(struct command_context *context, struct error *err);
enum status command_list(struct command_context *context, struct error *err);
enum status command_info(struct command_context *context, struct error *err);
enum status command_verify(struct command_context *context, struct error *err);
enum status command_backfill(struct command_context *context, struct error *err);
enum status command_backup(struct command_context *context, struct error *err);
enum status command_backup_list(struct command_context *context, struct error *err);
enum status command_backup_keep(struct command_context *context, struct error *err);
enum status command_backup_remove(struct command_context *context, struct error *err);
enum status command_dump(struct command_context *context, struct error *err);
enum status command_dump_list(struct command_context *context, struct error *err);
enum status command_dump_get(struct command_context *context, struct error *err);
enum status command_expire(struct command_context *context, struct error *err);
enum status command_restore(struct command_context *context, struct error *err);
enum status command_drill(struct command_context *context, struct error *err);
enum status command_drill_list(struct command_context *context, struct error *err);
enum status command_mirror(struct command_context *context, struct error *err);
enum status command_schedule(struct command_context *context, struct error *err);
enum status command_stream(struct command_context *context, struct error *err);
enum status command_run_due(struct command_context *context, struct error *err);
enum status command_check(struct command_context *context, struct error *err);
enum status command_timeline(struct command_context *context, struct error *err);
enum status command_undelete(struct command_context *context, struct error *err);
enum status command_status(struct command_context *context, struct error *err);
enum status command_report(struct command_context *context, struct error *err);
enum status command_config(struct command_context *context, struct error *err);

#endif

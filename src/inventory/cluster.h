/* Shows the WAL coverage of one cluster, for info and verify. */
#ifndef WALSHIP_INVENTORY_CLUSTER_H
#define WALSHIP_INVENTORY_CLUSTER_H

#include <jansson.h>

#include "base/buffer.h"
#include "recovery/window_times.h"
#include "repo/coverage.h"

#define LSN_TEXT_MAX 24

/* As PostgreSQL writes it: 16/B374D848. */
void lsn_text(uint64_t lsn, char out[LSN_TEXT_MAX]);

/*
 * The whole coverage, the base backups and the dumps, as doc/json.md says. Takes backups and dumps over. NULL without
 * memory. Here and below, the windows have the times of commits, as far as reader finds them.
 */
json_t *cluster_json(const struct coverage *coverage, const struct window_reader *reader, json_t *backups,
		     json_t *dumps);

/* Appends text for people: the WAL that is stored. */
enum status cluster_show(struct buffer *out, const struct coverage *coverage, struct error *err);

/* Appends text for people: the missing WAL, and the windows in which recovery is possible. */
enum status cluster_judge(struct buffer *out, const struct coverage *coverage, const struct window_reader *reader,
			  struct error *err);

/* Appends text for people: the windows alone. */
enum status cluster_windows_show(struct buffer *out, const struct coverage *coverage,
				 const struct window_reader *reader, struct error *err);

/* Needed ranges and segments that are missing. */
struct missing {
	uint64_t ranges, segments;
};
struct missing cluster_missing(const struct coverage *coverage);

#endif

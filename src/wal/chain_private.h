/* Shared by the files of the chain. */
#ifndef WALSHIP_WAL_CHAIN_PRIVATE_H
#define WALSHIP_WAL_CHAIN_PRIVATE_H

#include "wal/chain.h"

/* NULL when nothing is known of this timeline. */
struct chain_timeline *chain_find(const struct chain *chain, uint32_t id);

/* Counts the gap, and keeps it while there is room. */
enum status chain_add_gap(struct chain *chain, struct chain_timeline *timeline, const struct chain_gap *gap,
			  struct error *err);

/* Keeps it while there is room, else *kept is false. */
enum status chain_keep_gap(struct chain *chain, const struct chain_gap *gap, bool *kept, struct error *err);

#endif

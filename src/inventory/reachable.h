/* Whether a recovery of a cluster can go to a moment: from which backup, on which timeline, or why not. */
#ifndef WALSHIP_INVENTORY_REACHABLE_H
#define WALSHIP_INVENTORY_REACHABLE_H

#include "console/console.h"
#include "recovery/choose.h"

struct reachable {
	const struct console *console;
	bool json;
	uint64_t clusters; /* that were asked */
	uint64_t reached;  /* of them, clusters that can be recovered to the moment */
	enum status worst; /* STATUS_OK, STATUS_INCOMPLETE or STATUS_DAMAGED */
};

/*
 * Looks for the target of params, a time, as a restore does, and prints the answer as text or as doc/json.md says. A
 * moment that is out of reach, and damaged WAL on the way to it, are answers and no failures.
 */
enum status reachable_show(struct reachable *reachable, const struct choose_params *params, struct error *err);

#endif

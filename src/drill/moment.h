/* A random moment of the recoverable window. */
#ifndef WALSHIP_DRILL_MOMENT_H
#define WALSHIP_DRILL_MOMENT_H

#include "drill/drill.h"
#include "recovery/target.h"

#define MOMENT_TEXT_MAX 64

/*
 * Chooses a moment between the end of the oldest usable backup of the newest window and the last commit there. *text
 * belongs to *out and must outlive it. STATUS_INCOMPLETE: there is no such moment.
 */
enum status moment_choose(struct target *out, char text[MOMENT_TEXT_MAX], const struct drill_params *params,
			  uint64_t system_id, struct error *err);

#endif

/* The server of a drill that was killed. */
#ifndef WALSHIP_DRILL_LEFTOVER_H
#define WALSHIP_DRILL_LEFTOVER_H

#include "base/call.h"
#include "walship/error.h"

/*
 * Stops the server that runs in this data directory: postmaster.pid names it, and its working directory is the proof (a
 * postmaster changes to its data directory: ChangeToDataDir in miscinit.c). Another process with that id is left alone.
 * STATUS_LOCAL: it does not end.
 */
enum status leftover_stop(const char *data, const struct call *call, struct error *err);

#endif

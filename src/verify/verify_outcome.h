/* The outcome of verify where WAL is missing or cannot be read: sets the error and returns its status. */
#ifndef WALSHIP_VERIFY_VERIFY_OUTCOME_H
#define WALSHIP_VERIFY_VERIFY_OUTCOME_H

#include "inventory/cluster.h"

enum status verify_outcome_missing(const struct missing *missing, struct error *err);

/* missing_keys: objects that need a key that is not configured. At least one of both numbers is above 0. */
enum status verify_outcome_unreadable(uint64_t damaged, uint64_t missing_keys, struct error *err);

/* This machine could not read the objects. */
enum status verify_outcome_not_opened(uint64_t objects, struct error *err);

#endif

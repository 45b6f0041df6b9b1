/* The outcome of verify where WAL is missing or cannot be read: sets the error and returns its status. */
#ifndef WALSHIP_VERIFY_VERIFY_OUTCOME_H
#define WALSHIP_VERIFY_VERIFY_OUTCOME_H

#include "inventory/cluster.h"

enum status verify_outcome_missing(const struct missing *missing, struct error *err);

/* missing_keys: objects that need a key that is not configured. At least one of both numbers is above 0. */
enum status verify_outcome_unreadable(uint64_t damaged, uint64_t missing_keys, struct error *err);

/* Timeline histories are missing; recovery cannot pass ranges of WAL. */
enum status verify_outcome_histories(uint64_t missing, struct error *err);
enum status verify_outcome_minimal(uint64_t ranges, struct error *err);

/* Recovery to the latest timeline would leave out WAL. last: the newest segment that it leaves out. */
enum status verify_outcome_stray(const struct coverage_stray *stray, const struct wal_name *last, struct error *err);

/* This machine could not read the objects. */
enum status verify_outcome_not_opened(uint64_t objects, struct error *err);

#endif

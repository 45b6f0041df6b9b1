/*
 * Notes in the spool whether a store honors If-None-Match: for store/s3/s3.h, struct s3_condition_memory. arg is the
 * struct repository_settings.
 */
#ifndef WALSHIP_REPO_CONDITION_NOTE_H
#define WALSHIP_REPO_CONDITION_NOTE_H

#include "store/s3/s3.h"

/* S3_CONDITION_HONORED also without a usable spool: each call would test the store again. */
enum s3_condition condition_recall(const void *arg);

void condition_note(const void *arg, enum s3_condition condition);

#endif

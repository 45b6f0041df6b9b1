/*
 * Stores objects in an S3 bucket through libs3, an optional second client (-Dlibs3=enabled, s3-client = libs3).
 *
 * libs3 cannot send If-None-Match: the store checks the name before each put, and two simultaneous writers can both
 * succeed. libs3 lacks the headers of most options, and version 2.0 uses version 2 signatures and does not verify
 * certificates. libs3_store_open refuses options that libs3 cannot support. Each object is held in memory completely.
 */
#ifndef WALSHIP_STORE_S3_LIBS3_H
#define WALSHIP_STORE_S3_LIBS3_H

#include "store/s3/s3.h"

#define LIBS3_OBJECT_MAX (64UL * 1024 * 1024) /* a 16 MiB segment, and more */

/* As s3_store_open. STATUS_USAGE: libs3 does not support an option, or this walship was built without libs3. */
enum status libs3_store_open(const struct s3_options *options, struct store **out, struct error *err);

#endif

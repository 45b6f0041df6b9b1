/*
 * Objects in an S3 bucket by way of libs3: an optional second client (-Dlibs3=enabled, s3-client = libs3).
 *
 * libs3 cannot send If-None-Match: an object is looked for before it is put, and two writers at once can both win. It
 * cannot send the headers of most options either, and 2.0 signs with version 2 and does not verify certificates; what
 * it cannot do is refused when the store is opened. An object is held in memory as a whole.
 */
#ifndef WALSHIP_STORE_S3_LIBS3_H
#define WALSHIP_STORE_S3_LIBS3_H

#include "store/s3/s3.h"

#define LIBS3_OBJECT_MAX (64UL * 1024 * 1024) /* a 16 MiB segment, and more */

/* As s3_store_open. STATUS_USAGE: an option needs what libs3 cannot do, or this walship was built without it. */
enum status libs3_store_open(const struct s3_options *options, struct store **out, struct error *err);

#endif

/* libpq's functions without "PQ": libpq.finish() is PQfinish(). NULL until libpq_load. */
#ifndef WALSHIP_PG_SERVER_LIBPQ_H
#define WALSHIP_PG_SERVER_LIBPQ_H

#include <libpq-fe.h>

#include "walship/error.h"

/* One typed pointer for each function of the list. */
struct libpq {
#define LIBPQ(function) __typeof__ (&(PQ##function))(function);
#include "pg/server/libpq.def"
#undef LIBPQ
};

extern struct libpq libpq;

/* Loads libpq; call it before any use. STATUS_LOCAL when the library is not found. Any thread may call it. */
enum status libpq_load(struct error *err);

#endif

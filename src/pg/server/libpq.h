/* libpq's functions: libpq.finish() is PQfinish(). NULL until libpq_load. */
#ifndef WALSHIP_PG_SERVER_LIBPQ_H
#define WALSHIP_PG_SERVER_LIBPQ_H

#include <libpq-fe.h>

#include "walship/error.h"

/* Each line declares a pointer to one function, by its own type. */
struct libpq {
#define LIBPQ(function) __typeof__ (&(PQ##function))(function);
#include "pg/server/libpq.def"
#undef LIBPQ
};

extern struct libpq libpq;

/* STATUS_LOCAL when it is not there. Before any use; any thread may call it. */
enum status libpq_load(struct error *err);

#endif

#include "pg/server/libpq.h"

#include "sys/dynlib.h"

struct libpq libpq;

static const struct dynlib_symbol symbols[] = {
#define LIBPQ(function) {"PQ" #function, &libpq.function},
#include "pg/server/libpq.def"
#undef LIBPQ
};

/* The soname has been libpq.so.5 since PostgreSQL 8.2 (2006). */
static const struct dynlib library = {
    .soname = "libpq.so.5",
    .hint = "install libpq so that walship can query a server (Debian: libpq5; Red Hat: libpq or postgresql-libs; "
	    "Alpine: libpq)",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
};
DYNLIB_NOTE("libpq.so.5", "server", "recommended");

enum status libpq_load(struct error *err)
{
	return dynlib_load(&library, err);
}

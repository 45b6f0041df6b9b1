/* The process's environment, handed down as "NAME=value" strings and a NULL. */
#ifndef WALSHIP_BASE_ENVIRONMENT_H
#define WALSHIP_BASE_ENVIRONMENT_H

#include <stddef.h>

/* The value of the variable whose name is the first len bytes of name; NULL when it is not there. environment may be
 * NULL. */
const char *environment_value(const char *const *environment, const char *name, size_t len);

#endif

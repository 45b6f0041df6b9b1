/* The process environment as an argument: "NAME=value" strings, then NULL. */
#ifndef WALSHIP_BASE_ENVIRONMENT_H
#define WALSHIP_BASE_ENVIRONMENT_H

#include <stddef.h>

/*
 * Returns the value of the variable whose name is the first len bytes of name; NULL when it is not set. environment may
 * be NULL.
 */
const char *environment_value(const char *const *environment, const char *name, size_t len);

#endif

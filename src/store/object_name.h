/* What may be the name of an object: see store.h. */
#ifndef WALSHIP_STORE_OBJECT_NAME_H
#define WALSHIP_STORE_OBJECT_NAME_H

#include "walship/error.h"

/* STATUS_USAGE for a name that is no relative path of A-Z a-z 0-9 . _ - and '/', or has "." or ".." components. */
enum status object_name_check(const char *name, struct error *err);

#endif

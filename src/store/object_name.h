/* Validates object names (store.h). */
#ifndef WALSHIP_STORE_OBJECT_NAME_H
#define WALSHIP_STORE_OBJECT_NAME_H

#include "walship/error.h"

/* STATUS_USAGE unless name is a relative path of A-Z a-z 0-9 . _ - and '/' in which no component begins with '.'. */
enum status object_name_check(const char *name, struct error *err);

/* So begins the last component of the names of objects that walship check creates and removes. */
#define OBJECT_NAME_OF_CHECK "walship-check-"

#endif

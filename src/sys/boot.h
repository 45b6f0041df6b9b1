/* Tells one start of the machine from another. */
#ifndef WALSHIP_SYS_BOOT_H
#define WALSHIP_SYS_BOOT_H

#include "walship/error.h"

#define BOOT_ID_MAX 64 /* a UUID has 36 characters */

/* The kernel's id of this start of the machine. STATUS_LOCAL without /proc. */
enum status boot_id(char out[BOOT_ID_MAX], struct error *err);

#endif

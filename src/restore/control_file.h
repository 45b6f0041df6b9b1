/* global/pg_control of a restored directory (catalog/pg_control.h, ControlFileData). */
#ifndef WALSHIP_RESTORE_CONTROL_FILE_H
#define WALSHIP_RESTORE_CONTROL_FILE_H

#include <stdint.h>

#include "walship/error.h"

#define CONTROL_FILE_BYTES 8192 /* PG_CONTROL_FILE_SIZE */

/*
 * Decodes the hexadecimal digits of a manifest, and makes the place of the last checkpoint invalid, so that the server
 * can start only from a backup_label. STATUS_DAMAGED when the digits are not a pg_control whose CRC is right.
 */
enum status control_file_make(uint8_t out[CONTROL_FILE_BYTES], const char *digits, struct error *err);

#endif

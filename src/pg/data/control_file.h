/* The bytes of global/pg_control, as a base backup copies them (catalog/pg_control.h, ControlFileData). */
#ifndef WALSHIP_PG_DATA_CONTROL_FILE_H
#define WALSHIP_PG_DATA_CONTROL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

#define CONTROL_FILE "global/pg_control"
#define CONTROL_FILE_BYTES 8192 /* PG_CONTROL_FILE_SIZE */

/*
 * The offset of the CRC-32C, which covers all bytes before it, and which is the last field; its place depends on the
 * server's version. 0: the content is torn or damaged.
 */
size_t control_file_crc_at(const uint8_t content[CONTROL_FILE_BYTES]);

/*
 * Reads the file of a running server. The server writes it in place, and a file system may show a half of each
 * version: the file is read again until its CRC is right. STATUS_LOCAL.
 */
enum status control_file_read(int data_directory, uint8_t out[CONTROL_FILE_BYTES], struct error *err);

#endif

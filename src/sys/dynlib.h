/*
 * Loads a shared library on first use. PostgreSQL starts walship for every segment, and loading libcurl with its thirty
 * dependencies would dominate a call that needs no network.
 *
 * Functions are called through a table of typed pointers (sys/libcrypto.h, net/http/libcurl.h), which are NULL until
 * the library is loaded.
 */
#ifndef WALSHIP_SYS_DYNLIB_H
#define WALSHIP_SYS_DYNLIB_H

#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

struct dynlib_symbol {
	const char *name;
	void *where; /* address of a function pointer, which is NULL until the library is loaded */
};

struct dynlib {
	const char *soname;
	const char *hint; /* which package to install */
	const struct dynlib_symbol *symbols;
	size_t count; /* at least 1 */
};

/*
 * Writes into the program that it loads a library by itself, for the tools of packagers and of those who build images,
 * which see linked libraries only: systemd's "ELF dlopen metadata" (https://systemd.io/ELF_DLOPEN_METADATA), in the
 * section .note.dlopen. One in each file that has a struct dynlib; soname and feature are string literals.
 * priority: required, recommended, or suggested.
 */
#define DYNLIB_NOTE(soname, feature, priority)                                                                         \
	static const struct {                                                                                          \
		uint32_t owner_bytes, json_bytes, type;                                                                \
		char owner[4];                                                                                         \
		_Alignas(4) char json[sizeof DYNLIB_JSON(soname, feature, priority)];                                  \
	} dynlib_note __attribute__((used, aligned(4), section(".note.dlopen"))) = {                                   \
	    4, sizeof DYNLIB_JSON(soname, feature, priority), DYNLIB_NOTE_TYPE, "FDO",                                 \
	    DYNLIB_JSON(soname, feature, priority)}
#define DYNLIB_JSON(soname, feature, priority)                                                                         \
	"[{\"soname\":[\"" soname "\"],\"feature\":\"" feature "\",\"priority\":\"" priority "\"}]"
#define DYNLIB_NOTE_TYPE 0x407c0c0a /* NT_FDO_DLOPEN_METADATA */

/* A macro's value as a string, for a version in a soname. */
#define DYNLIB_TEXT(macro) DYNLIB_TEXT_AS_IS(macro)
#define DYNLIB_TEXT_AS_IS(words) #words

/* For X-macro lists of functions: declares one pointer of the table. */
#define DYNLIB_POINTER(function) __typeof__ (&(function))(function);

/*
 * Fills all pointers or none. STATUS_LOCAL when the library is not found or lacks a function. Does nothing when the
 * pointers are set. The library stays loaded. Any thread may call this, and may use the table afterwards.
 */
enum status dynlib_load(const struct dynlib *library, struct error *err);

#endif

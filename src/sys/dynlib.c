#include "sys/dynlib.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/remedy.h"

/* ISO C has no cast from an object pointer to a function pointer; POSIX guarantees the same representation. */
static void set_pointer(const struct dynlib_symbol *symbol, void *address)
{
	memcpy(symbol->where, &address, sizeof address);
}

static void *get_pointer(const struct dynlib_symbol *symbol)
{
	void *address;
	memcpy(&address, symbol->where, sizeof address);
	return address;
}

/* dlerror's text begins with the name of the missing library: this one or a dependency. */
static enum status cannot_load(const struct dynlib *library, struct error *err)
{
	const char *reason = dlerror();
	size_t len = strlen(library->soname);
	if (reason == NULL)
		reason = "unknown reason";
	if (strncmp(reason, library->soname, len) == 0 && strncmp(reason + len, ": ", 2) == 0)
		reason += len + 2;
	(void)error_set(err, STATUS_LOCAL, "cannot load %s: %s", library->soname, reason);
	/* A library that is installed may not be loaded for want of descriptors or memory. */
	const char *remedy = remedy_of_text(reason);
	return error_hint(err, STATUS_LOCAL, "%s", remedy == NULL ? library->hint : remedy);
}

static enum status load(const struct dynlib *library, struct error *err)
{
	/* All pointers are set or none, so the first one tells. */
	if (get_pointer(&library->symbols[0]) != NULL)
		return STATUS_OK;
	void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return cannot_load(library, err);
	for (size_t i = 0; i < library->count; i++) {
		void *address = dlsym(handle, library->symbols[i].name);
		if (address != NULL) {
			set_pointer(&library->symbols[i], address);
			continue;
		}
		for (size_t filled = 0; filled < i; filled++)
			set_pointer(&library->symbols[filled], NULL);
		(void)dlclose(handle);
		(void)error_set(err, STATUS_LOCAL, "cannot load %s: it has no %s", library->soname,
				library->symbols[i].name);
		return error_hint(err, STATUS_LOCAL, "%s", library->hint);
	}
	return STATUS_OK;
}

enum status dynlib_load(const struct dynlib *library, struct error *err)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	(void)pthread_mutex_lock(&mutex);
	enum status st = load(library, err);
	(void)pthread_mutex_unlock(&mutex);
	return st;
}

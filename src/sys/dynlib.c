#include "sys/dynlib.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* ISO C knows no cast from an object's pointer to a function's; POSIX says that they are alike. */
static void put(const struct dynlib_symbol *symbol, void *address)
{
	memcpy(symbol->where, &address, sizeof address);
}

static void *get(const struct dynlib_symbol *symbol)
{
	void *address;
	memcpy(&address, symbol->where, sizeof address);
	return address;
}

/* The loader's words, which begin with the name of the library that is missing: this one, or one that it needs. */
static enum status cannot_load(const struct dynlib *library, struct error *err)
{
	const char *words = dlerror();
	size_t len = strlen(library->soname);
	if (words == NULL)
		words = "unknown reason";
	if (strncmp(words, library->soname, len) == 0 && strncmp(words + len, ": ", 2) == 0)
		words += len + 2;
	(void)error_set(err, STATUS_LOCAL, "cannot load %s: %s", library->soname, words);
	return error_hint(err, STATUS_LOCAL, "%s", library->hint);
}

static enum status load(const struct dynlib *library, struct error *err)
{
	/* All or none: the first tells. */
	if (get(&library->symbols[0]) != NULL)
		return STATUS_OK;
	void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return cannot_load(library, err);
	for (size_t i = 0; i < library->count; i++) {
		void *address = dlsym(handle, library->symbols[i].name);
		if (address != NULL) {
			put(&library->symbols[i], address);
			continue;
		}
		for (size_t filled = 0; filled < i; filled++)
			put(&library->symbols[filled], NULL);
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

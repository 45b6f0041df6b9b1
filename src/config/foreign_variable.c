#include "config/foreign_variable.h"

#include <string.h>

static bool is_event(const char *name, size_t len)
{
	static const char *const names[] = {
#define EVENT(id, name, meaning) name,
#include "base/event.def"
#undef EVENT
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == len && strncmp(names[i], name, len) == 0)
			return true;
	return false;
}

/* Reads word at *at and moves *at past it. */
static bool skip(const char **at, const char *end, const char *word)
{
	size_t len = strlen(word);
	if ((size_t)(end - *at) < len || strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool skip_one_of(const char **at, const char *end, const char *const words[3])
{
	return skip(at, end, words[0]) || skip(at, end, words[1]) || skip(at, end, words[2]);
}

/* What follows the service's name: SERVICE_HOST, SERVICE_PORT, SERVICE_PORT_HTTP, PORT, PORT_80_TCP, PORT_80_TCP_ADDR.
 */
static bool is_of_service(const char *at, const char *end)
{
	static const char *const protocols[] = {"_TCP", "_UDP", "_SCTP"};
	static const char *const facts[] = {"_PROTO", "_PORT", "_ADDR"};
	if (skip(&at, end, "_SERVICE_HOST"))
		return at == end;
	if (skip(&at, end, "_SERVICE_PORT"))
		return at == end || *at == '_';
	if (!skip(&at, end, "_PORT"))
		return false;
	if (at == end)
		return true;
	if (!skip(&at, end, "_"))
		return false;
	const char *port = at;
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	if (at == port || !skip_one_of(&at, end, protocols))
		return false;
	return at == end || (skip_one_of(&at, end, facts) && at == end);
}

/*
 * The kubelet makes them of the service's name, in upper case and with '_' for '-' (pkg/kubelet/envvars/envvars.go:
 * FromServices, makeLinkVariables). The service may be "walship" or, say, "walship-minio".
 */
static bool is_kubernetes(const char *name, size_t len)
{
	const char *end = name + len;
	for (const char *at = name; at < end; at++)
		if (*at == '_' && is_of_service(at, end))
			return true;
	return false;
}

bool variable_is_foreign(const char *name, size_t len)
{
	return is_event(name, len) || is_kubernetes(name, len);
}

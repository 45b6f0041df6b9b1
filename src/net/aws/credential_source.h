/* Shared by the files of the credential sources; used by net/ alone. */
#ifndef WALSHIP_NET_AWS_CREDENTIAL_SOURCE_H
#define WALSHIP_NET_AWS_CREDENTIAL_SOURCE_H

#include <stddef.h>

#include "net/aws/credentials.h"
#include "net/http/field.h"
#include "net/http/http.h"

#define CREDENTIAL_EARLY_S 600 /* renewed so long before they expire: a call may take some minutes */

/* One source. STATUS_OK with *out as it was: it is not configured. An error: it is, and cannot be used. */
typedef enum status (*credential_find_fn)(const struct credential_search *search, struct credentials *out,
					  struct error *err);

enum status find_in_environment(const struct credential_search *search, struct credentials *out, struct error *err);
enum status find_in_profile(const struct credential_search *search, struct credentials *out, struct error *err);
enum status find_by_web_identity(const struct credential_search *search, struct credentials *out, struct error *err);
enum status find_in_container(const struct credential_search *search, struct credentials *out, struct error *err);
enum status find_in_instance(const struct credential_search *search, struct credentials *out, struct error *err);

/* A variable's value; NULL when it is unset or empty. */
const char *credential_variable(const struct credential_search *search, const char *name);

/* A role and a token file, from variables or from a profile. */
struct web_identity {
	const char *role_arn;
	const char *token_file;
	const char *session_name; /* NULL: walship */
};
enum status assume_role(const struct credential_search *search, const struct web_identity *identity,
			struct credentials *out, struct error *err);

/* Runs a credential_process of `profile`, without a shell. */
enum status run_credential_process(const struct credential_search *search, const char *command, const char *profile,
				   struct credentials *out, struct error *err);

/* Asks a source for temporary credentials. */
typedef enum status (*credential_ask_fn)(const struct credential_search *search, const void *arg,
					 struct credentials *out, struct error *err);

struct credential_asking {
	const char *source;   /* for people */
	const char *distinct; /* what else tells this source from others; not shown; NULL: nothing */
	credential_ask_fn ask;
	const void *arg;
};

/*
 * Those that a call before this one left in the spool for this source, unless they expire soon; else what ask gives,
 * which is left there in turn. Without a usable spool every call asks, and a warning says so. When ask fails and
 * those kept have not expired yet, they are used.
 */
enum status credential_cache_get(const struct credential_search *search, const struct credential_asking *asking,
				 struct credentials *out, struct error *err);

/*
 * {"AccessKeyId", "SecretAccessKey", token_name, "Expiration"} of a JSON object, as AWS's endpoints and
 * credential_process give them; the last two may be missing. STATUS_UNREACHABLE for anything else; a "Code" other
 * than "Success" with its "Message" is the error's text.
 */
enum status credentials_from_json(const char *text, size_t len, const char *token_name, const char *source,
				  struct credentials *out, struct error *err);

/* A request to one of the endpoints that give credentials. */
struct credential_request {
	const char *what; /* "the container endpoint", for messages */
	const char *method, *url;
	const struct field *headers;
	size_t header_count;
	const char *body;   /* NULL: none */
	bool direct;        /* on this machine or link: never through a proxy */
	bool once;          /* not tried again when there is no answer, for which the caller has a hint */
	int64_t timeout_ms; /* of one try; 0: the default */
};

/*
 * Sends it, and again if that may help. STATUS_OK: there is an answer, whatever its status; wipe it with
 * http_response_wipe. STATUS_UNREACHABLE: there is none.
 */
enum status credential_exchange(const struct credential_search *search, const struct credential_request *request,
				struct http_response *response, struct error *err);

/* The answer is not 200: the text says so. */
enum status credential_refused(const struct credential_request *request, const struct http_response *response,
			       struct error *err);

/* http://, and the host is this one, whatever the port. */
bool url_has_host(const char *url, const char *host);

/* http:// to this very machine. */
bool url_is_loopback(const char *url);

void http_response_wipe(struct http_response *response);

#endif

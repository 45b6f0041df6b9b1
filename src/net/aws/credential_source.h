/* Internal interface of the credential sources; used by net/aws only. */
#ifndef WALSHIP_NET_AWS_CREDENTIAL_SOURCE_H
#define WALSHIP_NET_AWS_CREDENTIAL_SOURCE_H

#include <stddef.h>

#include "net/aws/credentials.h"
#include "net/http/field.h"
#include "net/http/http.h"

#define CREDENTIAL_RENEW_BEFORE_S 600 /* renew this long before expiry: a call may take some minutes */

/*
 * Searches one source. STATUS_OK with *out unchanged: the source is not configured. An error: it is configured and
 * cannot be used.
 */
typedef enum status (*credential_find_fn)(const struct credential_search *search, struct credentials *out,
					  struct error *err);

enum status find_in_environment(const struct credential_search *search, struct credentials *out, struct error *err);
/* Only when the profile AWS_PROFILE says that its role is assumed with the keys of the environment. */
enum status find_in_profile_by_environment(const struct credential_search *search, struct credentials *out,
					   struct error *err);
enum status find_in_profile(const struct credential_search *search, struct credentials *out, struct error *err);
enum status find_by_web_identity(const struct credential_search *search, struct credentials *out, struct error *err);
enum status find_in_container(const struct credential_search *search, struct credentials *out, struct error *err);
enum status find_in_instance(const struct credential_search *search, struct credentials *out, struct error *err);

/* Returns a variable's value; NULL when it is unset or empty. */
const char *credential_variable(const struct credential_search *search, const char *name);

/* A role and a token file, from variables or a profile. */
struct web_identity {
	const char *role_arn;
	const char *token_file;
	const char *session_name; /* NULL: "walship" */
};
enum status assume_role_by_token(const struct credential_search *search, const struct web_identity *identity,
				 struct credentials *out, struct error *err);

/* A role that a profile assumes with other credentials. */
struct assumed_role {
	const char *role_arn;
	const char *session_name, *external_id, *duration; /* of the profile; NULL: not set */
	const char *profile;                               /* where all this stands, for messages */
	/* Finds the credentials that sign the request. It is not called while the cached ones of the role are fresh. */
	enum status (*find_signer)(const struct credential_search *search, const void *arg, struct credentials *out,
				   struct error *err);
	const void *arg;
};
enum status assume_role(const struct credential_search *search, const struct assumed_role *role,
			struct credentials *out, struct error *err);

/* A role of IAM Identity Center, for which "aws sso login" has left a token in ~/.aws/sso/cache. */
struct sso_role {
	const char *session; /* of the section [sso-session]; NULL: the profile itself has the next two */
	const char *start_url, *region;
	const char *account_id, *role_name;
	const char *profile; /* where all this stands, for messages */
};
enum status get_sso_role(const struct credential_search *search, const struct sso_role *role, struct credentials *out,
			 struct error *err);

/*
 * A call of STS that gives temporary credentials. A parameter whose value is NULL is left out; a value may be secret.
 */
struct sts_action {
	const char *name; /* "AssumeRole" */
	const struct field *parameters;
	size_t parameter_count;
	const struct credentials *signer; /* NULL: the request has no signature */
	const char *source;               /* of the credentials, for messages */
	const char *hint;                 /* when STS refuses */
};
enum status sts_request(const struct credential_search *search, const struct sts_action *action,
			struct credentials *out, struct error *err);

/* Runs the credential_process of `profile` without a shell. */
enum status run_credential_process(const struct credential_search *search, const char *command, const char *profile,
				   struct credentials *out, struct error *err);

/* Requests temporary credentials from a source. */
typedef enum status (*credential_request_fn)(const struct credential_search *search, const void *arg,
					     struct credentials *out, struct error *err);

struct credential_query {
	const char *source;   /* description, for messages */
	const char *identity; /* further identity of the source, not shown; NULL: none */
	credential_request_fn request;
	const void *arg;
};

/*
 * Returns the credentials of this source that a previous call left in the spool, unless they expire soon; otherwise
 * requests new ones and stores them there. Without a usable spool every call requests new ones, with a warning. When
 * the request fails and the cached credentials have not expired yet, they are used.
 */
enum status credential_cache_get(const struct credential_search *search, const struct credential_query *query,
				 struct credentials *out, struct error *err);

/*
 * Reads a JSON object {"AccessKeyId", "SecretAccessKey", token_name, "Expiration"}, the format of AWS's endpoints and
 * credential_process. The last two may be missing. STATUS_UNREACHABLE for anything else; a "Code" other than "Success"
 * and its "Message" become the error text.
 */
enum status credentials_from_json(const char *text, size_t len, const char *token_name, const char *source,
				  struct credentials *out, struct error *err);

/* A request to an endpoint that provides credentials. */
struct credential_request {
	const char *what; /* such as "the container endpoint", for messages */
	const char *method, *url;
	const struct field *headers;
	size_t header_count;
	const char *body; /* NULL: none */
	bool direct;      /* on this machine or link: no proxy */
	bool once;        /* no retry until a connection was made; the caller has a hint for that */
	int64_t
	    timeout_ms; /* of the first try, and of connecting; each further try has twice as long; 0: the default */
	/* Whether another try may succeed after this answer, below 500: then with the reason in *err. NULL: it may not.
	 */
	bool (*may_pass)(const struct credential_request *request, const struct http_response *response,
			 struct error *err);
};

/*
 * Sends the request, with retries where they may help. STATUS_OK: there is an answer, of any status; wipe it with
 * http_response_wipe. STATUS_UNREACHABLE: there is no answer; response->connected tells whether any try has connected.
 */
enum status credential_exchange(const struct credential_search *search, const struct credential_request *request,
				struct http_response *response, struct error *err);

#define AWS_ENDPOINT_MAX 512

/* A service of AWS that gives credentials. */
struct aws_service {
	const char *what;                 /* for messages */
	const char *variable;             /* names another address, which must be https:// or loopback */
	const char *host;                 /* "sts" of sts.REGION.amazonaws.com */
	const char *region, *region_name; /* the second for messages */
};

/* The URL of the service, which ends with '/'. STATUS_USAGE. */
enum status credential_endpoint(const struct credential_search *search, const struct aws_service *service,
				char out[AWS_ENDPOINT_MAX], struct error *err);

/* Reports an answer other than 200. */
enum status credential_refused(const struct credential_request *request, const struct http_response *response,
			       struct error *err);

/* Whether url is http:// with this host, on any port. */
bool url_has_host(const char *url, const char *host);

/* Whether url is http:// to the loopback address. */
bool url_is_loopback(const char *url);

void http_response_wipe(struct http_response *response);

#endif

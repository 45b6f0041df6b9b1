#include "net/http/http_error.h"

#include <string.h>

#include "sys/libcrypto.h"

/* Failures that need no more than a sentence. Those that are not here may pass: libcurl's text, and another try. */
static const struct {
	CURLcode code;
	enum status status;
	enum http_outcome outcome;
	const char *words;
	const char *hint; /* NULL: none */
} table[] = {
    {CURLE_COULDNT_RESOLVE_HOST, STATUS_UNREACHABLE, HTTP_FAILED, "the name of the host cannot be resolved",
     "check s3-endpoint, s3-region and the name of the bucket, then this machine's DNS"},
    {CURLE_COULDNT_RESOLVE_PROXY, STATUS_UNREACHABLE, HTTP_FAILED, "the name of the proxy cannot be resolved",
     "check s3-proxy, or the variables https_proxy and http_proxy"},
    {CURLE_COULDNT_CONNECT, STATUS_UNREACHABLE, HTTP_FAILED, "cannot connect",
     "check that the server runs, s3-endpoint, the proxy if there is one, and firewalls in between"},
    {CURLE_GOT_NOTHING, STATUS_UNREACHABLE, HTTP_FAILED, "the server closed the connection without an answer",
     "if s3-endpoint begins with http://, check that its port does not expect https://"},
    {CURLE_PARTIAL_FILE, STATUS_UNREACHABLE, HTTP_FAILED, "the answer broke off", NULL},
    {CURLE_SEND_ERROR, STATUS_UNREACHABLE, HTTP_FAILED, "the connection was lost while sending", NULL},
    {CURLE_RECV_ERROR, STATUS_UNREACHABLE, HTTP_FAILED, "the connection was lost while receiving", NULL},
    {CURLE_SSL_CONNECT_ERROR, STATUS_UNREACHABLE, HTTP_FAILED, "no TLS connection",
     "check that the endpoint's port speaks TLS 1.2 or later; without TLS the endpoint begins with http://"},
    {CURLE_SSL_CACERT_BADFILE, STATUS_USAGE, HTTP_FAILED_FINAL, "the file of certificate authorities cannot be used",
     "s3-ca-file names a readable file of certificates in PEM format"},
    {CURLE_URL_MALFORMAT, STATUS_USAGE, HTTP_FAILED_FINAL, "this is no URL", NULL},
    {CURLE_UNSUPPORTED_PROTOCOL, STATUS_USAGE, HTTP_FAILED_FINAL, "only http:// and https:// are spoken", NULL},
    {CURLE_ABORTED_BY_CALLBACK, STATUS_UNREACHABLE, HTTP_FAILED_FINAL, "a signal ended it", NULL},
    {CURLE_OUT_OF_MEMORY, STATUS_LOCAL, HTTP_FAILED_FINAL, "out of memory", NULL},
};

static const char *trust_hint(long verdict, const char *text)
{
	switch (verdict) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "renew the server's certificate; or this machine's clock is wrong";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "this machine's clock is wrong, or the certificate is for later";
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED: /* libcurl's own check, of the name, failed */
		if (strstr(text, "subject name") != NULL)
			return "the certificate is for another name: s3-endpoint must name one that is in it";
		break;
	default:
		break;
	}
	return "name the certificate of the authority that signed the server's with s3-ca-file";
}

/* The certificate will not get better by asking again. */
static enum status explain_trust(const struct http_failure *failure, struct http_response *response, struct error *err)
{
	long verdict = libcurl_get_long(failure->curl, CURLINFO_SSL_VERIFYRESULT);
	bool by_openssl = verdict != X509_V_OK && verdict != X509_V_ERR_UNSPECIFIED;
	response->outcome = HTTP_FAILED_FINAL;
	(void)error_set(err, STATUS_UNREACHABLE, "%s: the server's certificate is not trusted: %s", failure->server,
			by_openssl ? libcrypto.X509_verify_cert_error_string(verdict) : failure->text);
	return error_hint(err, STATUS_UNREACHABLE, "%s", trust_hint(verdict, failure->text));
}

static enum status explain_timeout(const struct http_failure *failure, struct http_response *response,
				   struct error *err)
{
	curl_off_t connect_us = libcurl_get_offset(failure->curl, CURLINFO_PRETRANSFER_TIME_T);
	response->outcome = HTTP_FAILED;
	if (connect_us == 0) {
		(void)error_set(err, STATUS_UNREACHABLE, "%s: no connection in time (%s)", failure->server,
				failure->text);
		return error_hint(err, STATUS_UNREACHABLE, "check s3-endpoint, and firewalls in between");
	}
	(void)error_set(err, STATUS_UNREACHABLE, "%s: %s (%s)", failure->server,
			response->status == 0 ? "no answer in time" : "the answer did not end in time", failure->text);
	return failure->limited ? error_hint(err, STATUS_UNREACHABLE,
					     "s3-bandwidth-limit may be too low for push-timeout and fetch-timeout")
				: STATUS_UNREACHABLE;
}

/* libcurl's code for a URL's scheme, too. Once there is a connection it can only be the answer. */
static bool is_no_http(const struct http_failure *failure)
{
	curl_off_t ready_us = libcurl_get_offset(failure->curl, CURLINFO_PRETRANSFER_TIME_T);
	return failure->code == CURLE_UNSUPPORTED_PROTOCOL && ready_us > 0;
}

static enum status explain_from_table(const struct http_failure *failure, struct http_response *response,
				      struct error *err)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (table[i].code != failure->code)
			continue;
		char words[128];
		long os = libcurl_get_long(failure->curl, CURLINFO_OS_ERRNO);
		response->outcome = table[i].outcome;
		if (failure->code == CURLE_SSL_CACERT_BADFILE && failure->ca_file != NULL)
			(void)error_set(err, table[i].status, "%s: %s", failure->ca_file, table[i].words);
		else if (failure->code == CURLE_COULDNT_CONNECT && os != 0) /* the text tells a proxy from the server */
			(void)error_set(err, table[i].status, "%s: %s: %s (%s)", failure->server, table[i].words,
					strerror_r((int)os, words, sizeof words), failure->text);
		else
			(void)error_set(err, table[i].status, "%s: %s (%s)", failure->server, table[i].words,
					failure->text);
		return table[i].hint == NULL ? table[i].status : error_hint(err, table[i].status, "%s", table[i].hint);
	}
	response->outcome = HTTP_FAILED;
	return error_set(err, STATUS_UNREACHABLE, "%s: %s", failure->server, failure->text);
}

enum status http_explain(const struct http_failure *failure, struct http_response *response, struct error *err)
{
	struct http_failure named = *failure;
	/* libcurl quotes a proxy that it cannot use (HTTPS_PROXY) as it stands, its password too. */
	if (named.text[0] == '\0' || strchr(named.text, '@') != NULL)
		named.text = libcurl.easy_strerror(named.code);
	if (named.code == CURLE_PEER_FAILED_VERIFICATION)
		return explain_trust(&named, response, err);
	if (named.code == CURLE_OPERATION_TIMEDOUT)
		return explain_timeout(&named, response, err);
	if (is_no_http(&named)) {
		response->outcome = HTTP_FAILED;
		return error_set(err, STATUS_UNREACHABLE, "%s: the answer is not HTTP (%s)", named.server, named.text);
	}
	return explain_from_table(&named, response, err);
}

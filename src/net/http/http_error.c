#include "net/http/http_error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/remedy.h"
#include "sys/libcrypto.h"

/* Failures with a fixed message. For all others libcurl's text is shown, and a retry may succeed. */
static const struct {
	CURLcode code;
	enum status status;
	enum http_outcome outcome;
	const char *words;
	const char *hint; /* NULL: none */
} table[] = {
    {CURLE_COULDNT_RESOLVE_HOST, STATUS_UNREACHABLE, HTTP_FAILED, "cannot resolve the host name",
     "check s3-endpoint, s3-region and the bucket name, then this machine's DNS"},
    {CURLE_COULDNT_RESOLVE_PROXY, STATUS_UNREACHABLE, HTTP_FAILED, "cannot resolve the proxy name",
     "check s3-proxy, or the variables https_proxy and http_proxy"},
    {CURLE_COULDNT_CONNECT, STATUS_UNREACHABLE, HTTP_FAILED, "cannot connect",
     "check that the server runs, s3-endpoint, the proxy if there is one, and firewalls in between"},
    {CURLE_GOT_NOTHING, STATUS_UNREACHABLE, HTTP_FAILED, "the server closed the connection without an answer",
     "if s3-endpoint begins with http://, check that its port does not expect https://"},
    {CURLE_PARTIAL_FILE, STATUS_UNREACHABLE, HTTP_FAILED, "the answer was cut off", NULL},
    {CURLE_SEND_ERROR, STATUS_UNREACHABLE, HTTP_FAILED, "the connection was lost while sending", NULL},
    {CURLE_RECV_ERROR, STATUS_UNREACHABLE, HTTP_FAILED, "the connection was lost while receiving", NULL},
    {CURLE_SSL_CONNECT_ERROR, STATUS_UNREACHABLE, HTTP_FAILED, "TLS connection failed",
     "check that the endpoint's port speaks TLS 1.2 or later; an endpoint without TLS begins with http://"},
    {CURLE_SSL_CACERT_BADFILE, STATUS_USAGE, HTTP_FAILED_FINAL, "cannot use the CA certificate file",
     "s3-ca-file and s3-proxy-ca-file must be readable files of PEM certificates"},
    {CURLE_SSL_CERTPROBLEM, STATUS_USAGE, HTTP_FAILED_FINAL, "cannot use the client certificate",
     "s3-tls-cert-file and s3-tls-key-file must be PEM files of a certificate and its key, without a password"},
    {CURLE_URL_MALFORMAT, STATUS_USAGE, HTTP_FAILED_FINAL, "invalid URL", NULL},
    {CURLE_UNSUPPORTED_PROTOCOL, STATUS_USAGE, HTTP_FAILED_FINAL, "only http:// and https:// are supported", NULL},
    {CURLE_ABORTED_BY_CALLBACK, STATUS_UNREACHABLE, HTTP_FAILED_FINAL, "interrupted by a signal", NULL},
    {CURLE_OUT_OF_MEMORY, STATUS_LOCAL, HTTP_FAILED_FINAL, "out of memory", NULL},
};

static const char *trust_hint(long verdict, const char *text)
{
	switch (verdict) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "renew the server's certificate, or correct this machine's clock";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "correct this machine's clock, or wait until the certificate is valid";
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED: /* libcurl's own check of the name failed */
		if (strstr(text, "subject name") != NULL)
			return "the certificate is for another name: s3-endpoint must use a name that it lists";
		break;
	default:
		break;
	}
	return "set s3-ca-file to the certificate of the authority that signed the server's";
}

/* A retry cannot make the certificate valid. */
static enum status explain_trust(const struct http_failure *failure, struct http_response *response, struct error *err)
{
	long verdict = libcurl_get_long(failure->curl, CURLINFO_SSL_VERIFYRESULT);
	bool by_openssl = verdict != X509_V_OK && verdict != X509_V_ERR_UNSPECIFIED;
	long proxy_verdict = libcurl_get_long(failure->curl, CURLINFO_PROXY_SSL_VERIFYRESULT);
	response->outcome = HTTP_FAILED_FINAL;
	if (proxy_verdict != X509_V_OK) {
		(void)error_set(err, STATUS_UNREACHABLE, "%s: the proxy's certificate is not trusted: %s",
				failure->server, libcrypto.X509_verify_cert_error_string(proxy_verdict));
		return error_hint(err, STATUS_UNREACHABLE,
				  "set s3-proxy-ca-file to the certificate of the authority that signed the proxy's");
	}
	(void)error_set(err, STATUS_UNREACHABLE, "%s: the server's certificate is not trusted: %s", failure->server,
			by_openssl ? libcrypto.X509_verify_cert_error_string(verdict) : failure->text);
	return error_hint(err, STATUS_UNREACHABLE, "%s", trust_hint(verdict, failure->text));
}

/* The proxy refused CONNECT. libcurl reports a lost connection then. */
static enum status explain_proxy(const struct http_failure *failure, long code, struct http_response *response,
				 struct error *err)
{
	response->outcome = http_status_may_pass((int)code) ? HTTP_FAILED : HTTP_FAILED_FINAL;
	(void)error_set(err, STATUS_UNREACHABLE, "%s: the proxy answered HTTP %ld", failure->server, code);
	return error_hint(err, STATUS_UNREACHABLE, "%s",
			  code == 407 ? HTTP_PROXY_USER_HINT
				      : "the proxy must allow connections to this host and port");
}

static enum status explain_timeout(const struct http_failure *failure, struct http_response *response,
				   struct error *err)
{
	curl_off_t connect_us = libcurl_get_offset(failure->curl, CURLINFO_PRETRANSFER_TIME_T);
	response->outcome = HTTP_FAILED;
	if (connect_us == 0) {
		(void)error_set(err, STATUS_UNREACHABLE, "%s: connection timed out (%s)", failure->server,
				failure->text);
		return error_hint(err, STATUS_UNREACHABLE, "check s3-endpoint, and firewalls on the way");
	}
	(void)error_set(err, STATUS_UNREACHABLE, "%s: %s (%s)", failure->server,
			response->status == 0 ? "no answer in time" : "the answer was not complete in time",
			failure->text);
	return failure->limited ? error_hint(err, STATUS_UNREACHABLE,
					     "s3-bandwidth-limit may be too low for push-timeout and fetch-timeout")
				: STATUS_UNREACHABLE;
}

/*
 * Only the text of OpenSSL's alert tells this from a lost connection: with TLS 1.3 it arrives after the handshake, and
 * libcurl has a code of its own for it (CURLE_SSL_CLIENTCERT) only in some cases.
 */
static bool lacks_certificate(const struct http_failure *failure)
{
	return strstr(failure->text, "alert certificate required") != NULL;
}

static enum status explain_certificate(const struct http_failure *failure, struct http_response *response,
				       struct error *err)
{
	response->outcome = HTTP_FAILED_FINAL;
	(void)error_set(err, STATUS_UNREACHABLE, "%s: the server requires a client certificate", failure->server);
	return error_hint(err, STATUS_UNREACHABLE, "set s3-tls-cert-file and s3-tls-key-file");
}

/* libcurl uses this code for a URL's scheme too. After a connection it can only mean the answer. */
static bool is_not_http(const struct http_failure *failure)
{
	curl_off_t ready_us = libcurl_get_offset(failure->curl, CURLINFO_PRETRANSFER_TIME_T);
	return failure->code == CURLE_UNSUPPORTED_PROTOCOL && ready_us > 0;
}

/*
 * libcurl does not say that the system gave it no descriptor: it cannot connect, resolve or read a file then. So a
 * socket is tried here. 0: the system has one to give.
 */
static int lack_of_descriptors(CURLcode code)
{
	if (code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST &&
	    code != CURLE_COULDNT_RESOLVE_PROXY && code != CURLE_SSL_CACERT_BADFILE)
		return 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int errno_value = fd < 0 ? errno : 0;
	fd_closep(&fd);
	return remedy_of_errno(errno_value) == NULL ? 0 : errno_value;
}

static enum status explain_from_table(const struct http_failure *failure, struct http_response *response,
				      struct error *err)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (table[i].code != failure->code)
			continue;
		long os = libcurl_get_long(failure->curl, CURLINFO_OS_ERRNO);
		response->outcome = table[i].outcome;
		if (failure->code == CURLE_SSL_CACERT_BADFILE && failure->ca_file != NULL)
			(void)error_set(err, table[i].status, "%s: %s", failure->ca_file, table[i].words);
		else if (failure->code == CURLE_COULDNT_CONNECT &&
			 os != 0) /* libcurl's text says whether it is a proxy or the server */
			(void)error_set(err, table[i].status, "%s: %s: %s (%s)", failure->server, table[i].words,
					strerror((int)os), failure->text);
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
	/* libcurl quotes an unusable proxy (HTTPS_PROXY) with its password. */
	if (named.text[0] == '\0' || strchr(named.text, '@') != NULL)
		named.text = libcurl.easy_strerror(named.code);
	long proxy_code = libcurl_get_long(named.curl, CURLINFO_HTTP_CONNECTCODE);
	if (proxy_code >= 400)
		return explain_proxy(&named, proxy_code, response, err);
	if (named.code == CURLE_PEER_FAILED_VERIFICATION)
		return explain_trust(&named, response, err);
	if (lacks_certificate(&named))
		return explain_certificate(&named, response, err);
	if (named.code == CURLE_OPERATION_TIMEDOUT)
		return explain_timeout(&named, response, err);
	if (is_not_http(&named)) {
		response->outcome = HTTP_FAILED;
		return error_set(err, STATUS_UNREACHABLE, "%s: the answer is not HTTP (%s)", named.server, named.text);
	}
	int lack = lack_of_descriptors(named.code);
	if (lack == 0)
		return explain_from_table(&named, response, err);
	response->outcome = HTTP_FAILED;
	return error_errno(err, STATUS_LOCAL, lack, "%s: cannot open a socket", named.server);
}

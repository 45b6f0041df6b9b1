/* An S3 store in front of a scripted server, in a world where waiting takes no time. */
#ifndef TEST_STORE_SCRIPTED_S3_H
#define TEST_STORE_SCRIPTED_S3_H

#include "base/buffer.h"
#include "fault_server.h"
#include "store/s3/s3.h"
#include "support/world.h"

#define SCRIPTED_NOW_S 1369353600 /* Fri, 24 May 2013 00:00:00 GMT */
#define ERROR_XML(code) "<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>the words</Message></Error>"

struct scripted {
	struct world world;
	struct fault_server *server;
	struct store *store;
	struct error err;
};

/* Bucket "bucket", prefix "pre/fix", region ca-central-1, path style. */
void scripted_open(struct scripted *scripted, const struct fault_answer *answers, size_t count);

/* The same with these options; endpoint is what follows the server's URL, and NULL and 0 are as above. */
void scripted_open_with(struct scripted *scripted, enum fault_tls tls, const struct fault_answer *answers, size_t count,
			const struct s3_options *options);

/* From now on the clock is the real one, and the deadline so far away. */
void scripted_use_real_time(struct scripted *scripted, int64_t left_ms);

void scripted_close(struct scripted *scripted);

/* Fails unless the n-th request's head begins with, or has somewhere, this text. */
void scripted_assert_request(struct scripted *scripted, size_t n, const char *begins);
void scripted_assert_has(struct scripted *scripted, size_t n, const char *text);
void scripted_assert_error(const struct scripted *scripted, const char *text, const char *hint);

#define SCRIPTED_STEPS_MAX 4

/* One call that tells its caller of objects, which are joined in a text. */
struct scripted_step {
	const char *name;
	int64_t before_s; /* of an undeletion */
	struct fault_answer answers[SCRIPTED_STEPS_MAX];
	const char *requests[SCRIPTED_STEPS_MAX]; /* NULL behind the last; a request's head begins so; "": any */
	enum status status;
	const char *told, *text; /* text: of the error */
};

typedef enum status (*scripted_act_fn)(struct scripted *scripted, const struct scripted_step *step,
				       struct buffer *told);

/* Fails unless the call makes these requests, tells this and ends so. */
void scripted_run(const struct scripted_step *step, scripted_act_fn act);

#endif

/* What a call takes out of the spool: only what is of its own repository and start of the machine, and without waiting
 * for the dead. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/fetch/prefetch_client.h"
#include "base/cleanup.h"
#include "config/config.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/settings.h"
#include "support/world.h"

#define NAME "000000010000000000000005"
#define DIR "spool/fetch-42/"
#define CONTENT "as it was fetched"
#define CONF "repo = file:///r\nspool = @/spool\n"
#define SHM "/dev/shm"
#define LAST(name, bytes) "walship 1 last\nsegment " name "\nbytes " bytes "\n"

static struct scratch dir;
static struct world world;
static struct error err;
static struct config *config;
static struct wal_name name;

/* Each '@' of the text becomes the directory's path. */
static struct config *load(const char *text)
{
	struct buffer out = {0};
	struct config *loaded = NULL;
	for (; *text != '\0'; text++)
		assert_int_equal(*text == '@' ? buffer_printf(&out, &err, "%s", dir.path)
					      : buffer_append(&out, text, 1, &err),
				 STATUS_OK);
	enum status st = config_load_text(&loaded, buffer_text(&out), out.len, "test.conf", &err);
	assert_ok(st, err);
	buffer_fini(&out);
	return loaded;
}

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	world_init(&world);
	config = load(CONF);
	assert_ok(wal_name_parse(&name, NAME, &err), err);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	config_freep(&config);
	world_fini(&world);
	scratch_fini(&dir);
	return 0;
}

static void put(const char *path, const char *text)
{
	char full[128];
	(void)snprintf(full, sizeof full, DIR "%s", path);
	scratch_put(&dir, full, text, strlen(text), 0600);
}

static bool is_there(const char *path)
{
	return access(scratch_path(&dir, path), F_OK) == 0;
}

static void assert_content(const char *path, const char *text)
{
	char found[256];
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = read(fd, found, sizeof found);
	assert_int_equal(got, strlen(text));
	assert_memory_equal(found, text, strlen(text));
}

/* As whoever fetches ahead from the repository of this configuration leaves its directory. */
static void write_identity_of(const struct config *whose)
{
	struct prefetch_client client;
	assert_ok(prefetch_client_open(&client, settings_of(whose), 42, &err), err);
	put("identity", client.identity.text);
	prefetch_client_fini(&client);
}

/* Whoever reads at the pipe's other end is alive. */
static int come_alive(void)
{
	assert_true(mkfifo(scratch_path(&dir, DIR "wanted"), 0600) == 0 || errno == EEXIST);
	int fd = open(scratch_path(&dir, DIR "wanted"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static bool take_as(const struct config *whose, const char *dest)
{
	struct prefetch_client client;
	assert_ok(prefetch_client_open(&client, settings_of(whose), 42, &err), err);
	bool taken = prefetch_client_take(&client, &world.call, &name, dest);
	prefetch_client_fini(&client);
	return taken;
}

static bool take_to(const char *dest)
{
	return take_as(config, dest);
}

static bool take_with(const struct config *whose)
{
	return take_as(whose, scratch_path(&dir, "dest"));
}

static bool take(void)
{
	return take_with(config);
}

static void takes_by_rename(void **unused)
{
	(void)unused;
	write_identity_of(config);
	put(NAME, CONTENT);
	scratch_put(&dir, "dest", "older", 5, 0600);
	assert_true(take());
	assert_content(scratch_path(&dir, "dest"), CONTENT);
	assert_false(is_there(DIR NAME));
	assert_int_equal(scratch_entries(&dir, "spool/fetch-42"), 1);
	assert_false(take()); /* once */
}

static void takes_by_copy_to_another_file_system(void **unused)
{
	(void)unused;
	struct stat here, there;
	struct scratch elsewhere;
	if (stat(SHM, &there) != 0 || stat(dir.path, &here) != 0 || here.st_dev == there.st_dev ||
	    !scratch_init_below(&elsewhere, SHM))
		skip();
	const char *file = scratch_path(&elsewhere, "dest");
	write_identity_of(config);
	put(NAME, CONTENT);
	assert_true(take_to(file));
	assert_content(file, CONTENT);
	assert_int_equal(scratch_entries(&elsewhere, ""), 1); /* nothing else is left there */
	scratch_fini(&elsewhere);
	assert_int_equal(scratch_entries(&dir, "spool/fetch-42"), 1);
}

static void leaves_dest_alone_when_it_cannot_be_given(void **unused)
{
	(void)unused;
	write_identity_of(config);
	put(NAME, CONTENT);
	assert_false(take_to(scratch_path(&dir, "none/dest")));
	put(NAME, CONTENT);
	scratch_put(&dir, "dir/in", "", 0, 0600);
	assert_false(take_to(scratch_path(&dir, "dir")));
	assert_int_equal(scratch_entries(&dir, "dir"), 1);
	assert_int_equal(scratch_entries(&dir, "spool/fetch-42"), 1);
}

static void takes_nothing_without_an_identity(void **unused)
{
	(void)unused;
	struct prefetch_client client;
	assert_ok(prefetch_client_open(&client, settings_of(config), 42, &err), err);
	prefetch_client_fini(&client);
	assert_false(take());
	put(NAME, CONTENT);
	assert_false(take());
	put("identity", "");
	assert_false(take());
}

static const char *const others[] = {
    "repo = file:///other\nspool = @/spool\n",
    "repo = file:///r\nspool = @/spool\ncipher = none\n",
    "repo = file:///r\nspool = @/spool\ns3-endpoint = https://other\n",
    "repo = file:///r\nspool = @/spool\ns3-region = eu-north-1\n",
};

static void takes_nothing_of_another_repository(void **unused)
{
	(void)unused;
	scratch_put(&dir, "dest", "older", 5, 0600);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		CLEANUP(config_freep) struct config *other = load(others[i]);
		write_identity_of(other);
		put(NAME, CONTENT);
		assert_false(take());
		assert_content(scratch_path(&dir, "dest"), "older");
	}
	write_identity_of(config);
	assert_true(take());
}

static void takes_nothing_of_another_start_of_the_machine(void **unused)
{
	(void)unused;
	struct prefetch_client client;
	assert_ok(prefetch_client_open(&client, settings_of(config), 42, &err), err);
	char *boot = strstr(client.identity.text, "\nboot ");
	assert_non_null(boot);
	assert_int_equal(strlen(boot), strlen("\nboot 01234567-89ab-cdef-0123-456789abcdef\nend\n"));
	boot[6] = boot[6] == '0' ? '1' : '0';
	put("identity", client.identity.text);
	put(NAME, CONTENT);
	assert_false(take());
	boot[6] = '\0'; /* nor of one without */
	put("identity", client.identity.text);
	assert_false(take());
	prefetch_client_fini(&client);
}

/* What a key opened that is in the configuration no more, or has become another one, is asked of the store: it refuses.
 */
static void takes_nothing_opened_with_other_keys(void **unused)
{
	(void)unused;
	CLEANUP(config_freep) struct config *both = load(CONF "cipher-key-file = @/one\ncipher-key-file = @/two\n");
	CLEANUP(config_freep) struct config *one = load(CONF "cipher-key-file = @/one\n");
	scratch_put(&dir, "one", "1", 1, 0600);
	scratch_put(&dir, "two", "2", 1, 0600);
	write_identity_of(both);
	put(NAME, CONTENT);
	assert_false(take_with(one));
	scratch_put(&dir, "new", "3", 1, 0600);
	assert_int_equal(rename(scratch_path(&dir, "new"), config_list_item(both, OPTION_ID_CIPHER_KEY_FILE, 1)), 0);
	assert_false(take_with(both));
	assert_int_equal(unlink(config_list_item(both, OPTION_ID_CIPHER_KEY_FILE, 1)), 0);
	assert_false(take_with(both));
	write_identity_of(one);
	assert_true(take_with(one));
}

/* To whoever fetches from another repository nothing is told: it ends for want of words. */
static void tells_only_its_own(void **unused)
{
	(void)unused;
	char heard[256];
	CLEANUP(config_freep) struct config *other = load(others[0]);
	struct prefetch_client client;
	write_identity_of(other);
	CLEANUP(fd_closep) int fd = come_alive();
	(void)fd; /* open until the end */
	assert_ok(prefetch_client_open(&client, settings_of(config), 42, &err), err);
	assert_int_equal(client.wanted_fd, -1);
	prefetch_client_tell(&client, NAME, 1 << 20);
	assert_int_equal(read(fd, heard, sizeof heard), -1);
	prefetch_client_fini(&client);

	write_identity_of(config);
	assert_ok(prefetch_client_open(&client, settings_of(config), 42, &err), err);
	prefetch_client_tell(&client, NAME, 1 << 20);
	ssize_t got = read(fd, heard, sizeof heard);
	assert_int_equal(got, strlen(NAME " 1048576\n"));
	assert_memory_equal(heard, NAME " 1048576\n", (size_t)got);
	prefetch_client_fini(&client);
}

struct bringer {
	pthread_t thread;
	int fd; /* closed at the end, unless -1 */
	bool brings;
};

/* Some moments later: what is on its way is there, or is not and its mark goes; or the process dies. */
static void *bring(void *arg)
{
	struct bringer *bringer = arg;
	char part[128];
	(void)snprintf(part, sizeof part, "%s/" DIR NAME ".part", dir.path);
	(void)usleep(50000);
	if (bringer->brings)
		put(NAME, CONTENT);
	if (bringer->fd >= 0)
		(void)close(bringer->fd);
	else
		(void)unlink(part);
	return NULL;
}

static bool take_while(struct bringer *bringer)
{
	put(NAME ".part", "");
	assert_int_equal(pthread_create(&bringer->thread, NULL, bring, bringer), 0);
	bool taken = take();
	(void)pthread_join(bringer->thread, NULL);
	return taken;
}

static void waits_for_what_is_on_its_way(void **unused)
{
	(void)unused;
	write_identity_of(config);
	CLEANUP(fd_closep) int fd = come_alive();
	(void)fd; /* open until the end */
	assert_true(take_while(&(struct bringer){.fd = -1, .brings = true}));
	assert_content(scratch_path(&dir, "dest"), CONTENT);
	assert_false(take_while(&(struct bringer){.fd = -1, .brings = false}));
}

/* The mark of one that was killed holds nobody up: with an hour to the deadline this test would not end. */
static void does_not_wait_for_the_dead(void **unused)
{
	(void)unused;
	write_identity_of(config);
	put(NAME ".part", "");
	assert_false(take());
	int fd = come_alive();
	assert_false(take_while(&(struct bringer){.fd = fd, .brings = false}));
	fd = come_alive();
	assert_true(take_while(&(struct bringer){.fd = fd, .brings = true})); /* and what it left is good */
}

static void waits_for_half_of_its_time(void **unused)
{
	(void)unused;
	write_identity_of(config);
	CLEANUP(fd_closep) int fd = come_alive();
	(void)fd; /* open until the end */
	put(NAME ".part", "");
	int64_t before_ms = call_left_ms(&world.call);
	world.step_ms = before_ms / 100;
	assert_false(take());
	world.step_ms = 0;
	int64_t left_ms = call_left_ms(&world.call);
	assert_true(left_ms <= before_ms / 2 && left_ms > before_ms / 2 - before_ms / 20);
}

static bool end_is_asked(void)
{
	return true;
}

static void does_not_wait_when_asked_to_end(void **unused)
{
	(void)unused;
	static const struct signal_hold signal_hold = {.is_interrupted = end_is_asked};
	write_identity_of(config);
	CLEANUP(fd_closep) int fd = come_alive();
	(void)fd; /* open until the end */
	put(NAME ".part", "");
	world.call.signal_hold = &signal_hold;
	assert_false(take());
}

static void does_not_wait_for_what_nobody_fetches(void **unused)
{
	(void)unused;
	write_identity_of(config);
	CLEANUP(fd_closep) int fd = come_alive();
	(void)fd; /* open until the end */
	assert_false(take());
}

static bool follows(const char *text, uint64_t bytes_max)
{
	struct prefetch_client client;
	struct wal_name asked;
	assert_ok(wal_name_parse(&asked, text, &err), err);
	assert_ok(prefetch_client_open(&client, settings_of(config), 42, &err), err);
	bool answer = prefetch_client_follows(&client, &asked, bytes_max);
	prefetch_client_fini(&client);
	return answer;
}

static void tell(const char *text, uint64_t segment_bytes)
{
	struct prefetch_client client;
	assert_ok(prefetch_client_open(&client, settings_of(config), 42, &err), err);
	prefetch_client_tell(&client, text, segment_bytes);
	prefetch_client_fini(&client);
}

static void knows_what_is_in_order(void **unused)
{
	(void)unused;
	assert_false(follows("000000010000000000000001", UINT64_MAX));
	tell("000000010000000000000004", 1 << 20);
	assert_true(follows(NAME, UINT64_MAX));
	assert_true(follows(NAME, 1 << 20));
	assert_false(follows(NAME, (1 << 20) - 1)); /* not one would fit */
	assert_false(follows("000000010000000000000004", UINT64_MAX));
	assert_false(follows("000000010000000000000006", UINT64_MAX));
	assert_false(follows("000000020000000000000005", UINT64_MAX));
	tell("0000000100000000000000FF", 16 << 20);
	assert_true(follows("000000010000000100000000", UINT64_MAX));
	assert_false(follows("000000010000000000000100", UINT64_MAX));
	tell("000000010000000000000004", 104); /* no size */
	assert_false(follows(NAME, UINT64_MAX));
	put("last", LAST("000000010000000000000004", "1048576") "end\n");
	assert_true(follows(NAME, UINT64_MAX));
	static const char *const broken[] = {
	    "",
	    NAME,
	    LAST("nonsense", "16777216") "end\n",
	    LAST("000000010000000000000004", "") "end\n",
	    LAST("000000010000000000000004", "1048576"),
	    "000000010000000000000004 1048576\n",
	};
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		put("last", broken[i]);
		assert_false(follows(NAME, UINT64_MAX));
	}
}

/* The pipe was open when the process at its other end went: the next call follows all the same. */
static void notes_what_it_could_not_tell(void **unused)
{
	(void)unused;
	struct prefetch_client client;
	write_identity_of(config);
	int fd = come_alive();
	assert_ok(prefetch_client_open(&client, settings_of(config), 42, &err), err);
	assert_true(client.wanted_fd >= 0);
	(void)close(fd);
	prefetch_client_tell(&client, "000000010000000000000004", 1 << 20);
	prefetch_client_fini(&client);
	assert_true(follows(NAME, UINT64_MAX));
}

static void needs_a_spool(void **unused)
{
	(void)unused;
	struct prefetch_client client;
	scratch_put(&dir, "spool/x", "", 0, 0600);
	assert_int_equal(chmod(scratch_path(&dir, "spool"), 0755), 0);
	assert_int_equal(prefetch_client_open(&client, settings_of(config), 42, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "is not a directory of user"));
	prefetch_client_fini(&client);
	assert_int_equal(chmod(scratch_path(&dir, "spool"), 0700), 0);
	scratch_put(&dir, "spool/fetch-42", "", 0, 0600);
	assert_ok(prefetch_client_open(&client, settings_of(config), 43, &err), err);
	prefetch_client_fini(&client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(takes_by_rename),
	    TEST(takes_by_copy_to_another_file_system),
	    TEST(leaves_dest_alone_when_it_cannot_be_given),
	    TEST(takes_nothing_without_an_identity),
	    TEST(takes_nothing_of_another_repository),
	    TEST(takes_nothing_of_another_start_of_the_machine),
	    TEST(takes_nothing_opened_with_other_keys),
	    TEST(tells_only_its_own),
	    TEST(waits_for_what_is_on_its_way),
	    TEST(does_not_wait_for_the_dead),
	    TEST(waits_for_half_of_its_time),
	    TEST(does_not_wait_when_asked_to_end),
	    TEST(does_not_wait_for_what_nobody_fetches),
	    TEST(knows_what_is_in_order),
	    TEST(notes_what_it_could_not_tell),
	    TEST(needs_a_spool),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("archive/fetch/prefetch_client", tests, NULL, NULL);
}

/*
 * Backups of a directory that changes at random are restored: into an empty directory, over a damaged one, after a
 * kill. The seed is printed; TEST_SEED repeats it.
 */
#include "restore/tree_restore.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pg/data/control_file.h"
#include "support/cmocka.h"
#include "support/random_tree.h"
#include "support/scratch.h"
#include "support/stored_backup.h"
#include "support/world.h"
#include "sys/read_file.h"

#define BACKUPS 3
#define ROUNDS 3

static struct world world;
static struct repository_settings repository_settings;
static struct repository repo;
static struct error err;
static char directory[128];

static int setup(void **state)
{
	(void)test_dir_make(state);
	world_init(&world);
	/* Threads look at the clock: not at the one that each look moves. */
	world.call.clock = &system_clock;
	world.call.deadline_ms = INT64_MAX;
	stored_backup_repository(&repo, &repository_settings, &world.call);
	(void)snprintf(directory, sizeof directory, "%s/restored", test_dir.path);
	return 0;
}

static int teardown(void **state)
{
	repository_fini(&repo);
	world_fini(&world);
	return test_dir_remove(state);
}

static void seed(void)
{
	const char *given = getenv("TEST_SEED");
	uint64_t value = given == NULL ? (uint64_t)time(NULL) ^ (uint64_t)getpid() << 20 : strtoull(given, NULL, 10);
	print_message("# TEST_SEED=%" PRIu64 "\n", value);
	srandom((unsigned)value);
}

/* A shell command with the test's directory as its working directory. */
static void run(const char *command)
{
	char line[1024];
	(void)snprintf(line, sizeof line, "set -e; cd %s; %s", test_dir.path, command);
	if (system(line) != 0)
		fail_msg("failed: %s", line);
}

static void assert_same(const char *was)
{
	char command[256];
	(void)snprintf(command, sizeof command,
		       "diff -r --no-dereference -x backup_label -x pg_control -x tablespace_map %s restored", was);
	run(command);
}

static struct tree_restore_settings settings_of(const struct manifest *manifest, bool delta)
{
	return (struct tree_restore_settings){.repo = &repo,
					      .call = &world.call,
					      .manifest = manifest,
					      .directory = directory,
					      .delta = delta,
					      .threads = 3};
}

static void assert_figures(const struct tree_restore_figures *plan, const struct tree_restore_figures *done)
{
	assert_int_equal(plan->files, done->files);
	assert_int_equal(plan->directories, done->directories);
	assert_int_equal(plan->bytes, done->bytes);
	assert_int_equal(plan->read_bytes, done->read_bytes);
	assert_int_equal(plan->requests, done->requests);
	assert_int_equal(plan->packs, done->packs);
	assert_int_equal(plan->written_bytes, done->written_bytes);
	assert_int_equal(plan->removed, done->removed);
}

/* Plans, restores, and compares what both say. */
static struct tree_restore_figures restore(const struct tree_restore_settings *settings)
{
	struct tree_restore_figures plan, done;
	run("if [ -d restored ]; then find restored -printf '%p %s %y %T@ %n\\n' | sort; fi > before");
	assert_ok(tree_restore_plan(settings, &plan, &err), err);
	run("if [ -d restored ]; then find restored -printf '%p %s %y %T@ %n\\n' | sort; fi | cmp - before");
	assert_true(plan.room_count > 0 && plan.rooms[0].available_bytes > 0);
	assert_ok(tree_restore_write(settings, &done, &err), err);
	assert_int_equal(access(scratch_path(&test_dir, "restored/" CONTROL_FILE), F_OK), -1);
	assert_figures(&plan, &done);
	assert_ok(tree_restore_finish(settings, &err), err);
	assert_int_equal(access(scratch_path(&test_dir, "restored/" CONTROL_FILE), F_OK), 0);
	tree_restore_figures_fini(&plan);
	return done;
}

static void change(const char *of, int times)
{
	for (int i = 0; i < times; i++)
		random_tree_change(of);
}

/* A full backup and its children, and copies of the directory at the time of each. */
static void make_chain(struct manifest *manifests, int round)
{
	run("rm -rf was* data restored; mkdir -p data/pg_wal data/base data/global");
	random_tree_put("data/PG_VERSION", 3);
	change("data", RANDOM_TREE_FILES);
	for (int i = 0; i < BACKUPS; i++) {
		char command[64];
		const struct manifest *parent = i == 0 ? NULL : &manifests[i - 1];
		stored_backup_describe(&manifests[i], parent, 4000000000 + round * 100 + i);
		stored_backup_make(&repo, &world.call, parent, &manifests[i]);
		(void)snprintf(command, sizeof command, "cp -a --sparse=always data was%d", i);
		run(command);
		change("data", 4);
	}
}

static void fini_chain(struct manifest *manifests)
{
	for (int i = 0; i < BACKUPS; i++)
		manifest_fini(&manifests[i]);
}

static const char *was(int number)
{
	static char name[16];
	(void)snprintf(name, sizeof name, "was%d", number);
	return name;
}

static void each_backup_is_the_directory_as_it_was(void **unused)
{
	(void)unused;
	struct manifest manifests[BACKUPS];
	seed();
	for (int round = 0; round < ROUNDS; round++) {
		make_chain(manifests, round);
		for (int i = 0; i < BACKUPS; i++) {
			const struct tree_restore_settings settings = settings_of(&manifests[i], false);
			run("rm -rf restored");
			const struct tree_restore_figures done = restore(&settings);
			assert_same(was(i));
			assert_int_equal(done.files, manifests[i].files);
			assert_int_equal(done.directories, manifests[i].directories);
			/* The index and the table of packs are one object each. */
			if (i == 0)
				assert_true(10 * (done.requests - 4) <= 13 * manifests[i].data_packs);
		}
		fini_chain(manifests);
	}
}

/* Things that happen to a directory, or were there before the backup. */
static void damage(void)
{
	change("restored", 3);
	switch (random() % 6) {
	case 0:
		run("rm -rf restored/base; ln -s ../victim restored/base");
		break;
	case 1:
		run("mkdir -p restored/foreign/a/b; echo x > restored/foreign/a/b/c; ln -s ../../victim/kept "
		    "restored/foreign/link; echo x > restored/pg_wal/000000010000000000000001");
		break;
	case 2:
		run("rm -rf restored/PG_VERSION; mkdir -p restored/PG_VERSION/x");
		break;
	case 3: /* A change of one name would change the other. */
		run("ln -f victim/kept restored/PG_VERSION");
		break;
	case 4:
		run("rm -f restored/PG_VERSION; ln -s ../victim/kept restored/PG_VERSION; rm -rf restored/global");
		break;
	default:
		run("rm -rf restored/pg_wal; ln -s ../victim restored/pg_wal; chmod 400 restored/PG_VERSION");
	}
}

static void delta_repairs_any_damage(void **unused)
{
	(void)unused;
	struct manifest manifests[BACKUPS];
	seed();
	make_chain(manifests, 0);
	run("mkdir victim; echo kept > victim/kept");
	struct tree_restore_settings settings = settings_of(&manifests[0], false);
	(void)restore(&settings);
	for (int i = 0; i < 24; i++) {
		int number = (int)(random() % BACKUPS);
		damage();
		settings = settings_of(&manifests[number], true);
		(void)restore(&settings);
		assert_same(was(number));
		run("test \"$(cat victim/kept)\" = kept; test $(ls victim | wc -l) = 1");
	}
	fini_chain(manifests);
}

static void delta_of_the_same_reads_and_writes_nothing(void **unused)
{
	(void)unused;
	struct manifest manifests[BACKUPS];
	seed();
	make_chain(manifests, 0);
	struct tree_restore_settings settings = settings_of(&manifests[2], false);
	(void)restore(&settings);
	run("find restored -type f ! -name backup_label -printf '%p %T@\\n' | grep -v pg_control | sort > times");
	settings.delta = true;
	const struct tree_restore_figures done = restore(&settings);
	assert_int_equal(done.packs, 0);
	assert_int_equal(done.read_bytes, 0);
	assert_int_equal(done.written_bytes, 0);
	assert_int_equal(done.removed, 1); /* backup_label */
	run("find restored -type f ! -name backup_label -printf '%p %T@\\n' | grep -v pg_control | sort | cmp - times");
	fini_chain(manifests);
}

/* The process dies at this look at the clock. */
static int looks_left;

static int64_t look_and_die(void *arg)
{
	(void)arg;
	if (__atomic_sub_fetch(&looks_left, 1, __ATOMIC_SEQ_CST) == 0)
		(void)raise(SIGKILL);
	return 1000;
}

/*
 * Looks at the clock until pg_control is gone: no part of what is tested here is before that. A restore in a process of
 * its own exits with the number of its looks.
 */
#define LOOKS_FIRST 10
#define LOOKS_MAX 255

/* Returns the status of waitpid. */
static int restore_until(const struct tree_restore_settings *settings, int looks)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		struct tree_restore_figures figures;
		looks_left = looks;
		world.clock.monotonic_ms = look_and_die;
		world.call.clock = &world.clock;
		if (tree_restore_write(settings, &figures, &err) != STATUS_OK)
			_exit(0);
		_exit(looks - looks_left < LOOKS_MAX ? looks - looks_left : LOOKS_MAX);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		assert_int_not_equal(WEXITSTATUS(status), 0);
	return status;
}

/* Two whole restores may differ by a few looks, since threads wait for each other: so a kill may come too late. */
static bool is_killed(const struct tree_restore_settings *settings, int looks)
{
	return WIFSIGNALED(restore_until(settings, LOOKS_FIRST + (int)(random() % (looks - LOOKS_FIRST))));
}

static void a_killed_restore_is_completed_by_delta(void **unused)
{
	(void)unused;
	struct manifest manifests[BACKUPS];
	int kills = 0;
	seed();
	make_chain(manifests, 0);
	for (int i = 0; i < 12; i++) {
		struct tree_restore_settings settings = settings_of(&manifests[i % BACKUPS], false);
		run("rm -rf restored");
		int looks = WEXITSTATUS(restore_until(&settings, INT_MAX));
		assert_true(looks > LOOKS_FIRST);
		run("rm -rf restored");
		kills += is_killed(&settings, looks);
		assert_int_equal(access(scratch_path(&test_dir, "restored/" CONTROL_FILE), F_OK), -1);
		settings.delta = true;
		(void)restore(&settings);
		assert_same(was(i % BACKUPS));
		/* Again, from a complete directory of another backup. */
		settings.manifest = &manifests[(i + 1) % BACKUPS];
		kills += is_killed(&settings, looks);
		assert_int_equal(access(scratch_path(&test_dir, "restored/" CONTROL_FILE), F_OK), -1);
		(void)restore(&settings);
		assert_same(was((i + 1) % BACKUPS));
	}
	assert_true(kills > 0);
	fini_chain(manifests);
}

static void read_all(const char *name, char *out, size_t size)
{
	CLEANUP(fd_closep) int fd = open(scratch_path(&test_dir, name), O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read_file_open(fd, out, size - 1);
	assert_true(got >= 0);
	out[got] = '\0';
}

static unsigned mode_of(const char *name)
{
	struct stat info;
	assert_int_equal(stat(scratch_path(&test_dir, name), &info), 0);
	return info.st_mode & 07777;
}

static void the_last_checkpoint_is_made_invalid(void **unused)
{
	(void)unused;
	struct manifest manifest;
	char control[CONTROL_FILE_BYTES + 1], label[256];
	run("mkdir -p data/global");
	scratch_put(&test_dir, "data/secret", "x", 1, 0400);
	scratch_put(&test_dir, "data/public", "x", 1, 0644);
	stored_backup_describe(&manifest, NULL, 4000000000);
	stored_backup_make(&repo, &world.call, NULL, &manifest);
	manifest.directory_mode = 0750;
	const struct tree_restore_settings settings = settings_of(&manifest, false);
	(void)restore(&settings);
	read_all("restored/" CONTROL_FILE, control, sizeof control);
	assert_int_equal(control_file_crc_at((const uint8_t *)control), 288);
	assert_memory_equal(control + 32, "\xef\xbe\xad\xde\xef\xbe\xad\xde", 8);
	assert_int_equal((uint8_t)control[40], 40 * 7 % 256);
	read_all("restored/backup_label", label, sizeof label);
	assert_string_equal(label, manifest.backup_label);
	assert_int_equal(mode_of("restored"), 0750);
	assert_int_equal(mode_of("restored/backup_label"), 0640);
	assert_int_equal(mode_of("restored/" CONTROL_FILE), 0640);
	assert_int_equal(mode_of("restored/secret"), 0400);
	assert_int_equal(mode_of("restored/public"), 0644);
	manifest_fini(&manifest);
}

static void tablespaces_go_where_they_are_told_to(void **unused)
{
	(void)unused;
	struct manifest manifest;
	char there[160], map[512], wanted[512];
	run("mkdir -p data/global data/pg_tblspc a/PG_15_202209061/5 a/PG_14_1/5 b/PG_15_202209061/5; "
	    "echo a > a/PG_15_202209061/5/1; echo b > b/PG_15_202209061/5/2; ln -s $PWD/a data/pg_tblspc/101; "
	    "ln -s $PWD/b data/pg_tblspc/102; echo old > a/PG_14_1/5/1");
	stored_backup_describe(&manifest, NULL, 4000000000);
	stored_backup_make(&repo, &world.call, NULL, &manifest);
	assert_int_equal(manifest.tablespaces.count, 2);
	(void)snprintf(map, sizeof map, "101 %s/a\n102 %s/b\n", test_dir.path, test_dir.path);
	free(manifest.tablespace_map);
	manifest.tablespace_map = strdup(map);
	(void)snprintf(there, sizeof there, "%s/new a", test_dir.path);
	const struct restored_tablespace given = {"101", there};
	struct tree_restore_settings settings = settings_of(&manifest, false);
	struct tree_restore_figures figures;
	/* The directory of the other tablespace is in use. */
	assert_int_equal(tree_restore_write(&settings, &figures, &err), STATUS_USAGE);
	assert_non_null(strstr(err.hint, "give --tablespace 101=DIR"));
	settings.delta = true;
	assert_int_equal(tree_restore_write(&settings, &figures, &err), STATUS_USAGE);
	run("test ! -e restored; mv b was_b");
	settings.delta = false;
	settings.tablespaces = &given;
	settings.tablespace_count = 1;
	(void)restore(&settings);
	run("diff -r b was_b; diff -r a/PG_15_202209061 new\\ a/PG_15_202209061; "
	    "test \"$(readlink restored/pg_tblspc/101)\" = \"$PWD/new a\"; test \"$(cat a/PG_14_1/5/1)\" = old");
	read_all("restored/tablespace_map", map, sizeof map);
	(void)snprintf(wanted, sizeof wanted, "101 %s\n102 %s/b\n", there, test_dir.path);
	assert_string_equal(map, wanted);
	/* Another version's directory stays, what this server does not have goes. */
	run("mkdir -p b/PG_16_2/5 b/PG_15_202209061/6; echo x > b/PG_16_2/5/1; echo x > b/PG_15_202209061/6/1; "
	    "echo x > b/PG_15_202209061/5/2; rm restored/pg_tblspc/101; ln -s \"$PWD/new a\" restored/pg_tblspc/101");
	settings.delta = true;
	(void)restore(&settings);
	run("test -e b/PG_16_2/5/1; rm -r b/PG_16_2; diff -r b was_b");
	manifest_fini(&manifest);
}

static void a_directory_with_content_is_refused(void **unused)
{
	(void)unused;
	struct manifest manifest;
	struct tree_restore_figures figures;
	run("mkdir -p data/global restored/lost+found");
	stored_backup_describe(&manifest, NULL, 4000000000);
	stored_backup_make(&repo, &world.call, NULL, &manifest);
	struct tree_restore_settings settings = settings_of(&manifest, false);
	assert_int_equal(tree_restore_plan(&settings, &figures, &err), STATUS_USAGE);
	tree_restore_figures_fini(&figures);
	assert_int_equal(tree_restore_write(&settings, &figures, &err), STATUS_USAGE);
	assert_non_null(strstr(err.hint, "mount point"));
	settings.delta = true;
	(void)restore(&settings);
	run("test -d restored/lost+found");
	manifest_fini(&manifest);
}

static void two_restores_do_not_mix(void **unused)
{
	(void)unused;
	struct manifest manifest;
	struct tree_restore_figures figures;
	run("mkdir -p data/global restored; echo 15 > data/PG_VERSION");
	stored_backup_describe(&manifest, NULL, 4000000000);
	stored_backup_make(&repo, &world.call, NULL, &manifest);
	const struct tree_restore_settings settings = settings_of(&manifest, true);
	int other = open(directory, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(other, LOCK_EX), 0);
	assert_int_equal(tree_restore_write(&settings, &figures, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "another restore writes to"));
	run("test ! -e restored/PG_VERSION");
	assert_int_equal(tree_restore_finish(&settings, &err), STATUS_LOCAL);
	run("test ! -e restored/" CONTROL_FILE);
	(void)close(other);
	(void)restore(&settings);
	manifest_fini(&manifest);
}

static void a_missing_or_damaged_pack_is_named(void **unused)
{
	(void)unused;
	struct manifest manifest;
	struct tree_restore_figures figures;
	random_tree_put("data/base/5/1", 3000000);
	stored_backup_describe(&manifest, NULL, 4000000000);
	stored_backup_make(&repo, &world.call, NULL, &manifest);
	const struct tree_restore_settings settings = settings_of(&manifest, false);
	run("p=$(ls repo/42/backup/*/data/00000001); cp $p saved; printf x | dd of=$p bs=1 seek=70 conv=notrunc "
	    "2>/dev/null");
	assert_int_equal(tree_restore_write(&settings, &figures, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "data/00000001"));
	/* What the store says of the pack is known before anything is changed. */
	run("test ! -e restored/global/pg_control; rm -rf restored; truncate -s 100 repo/42/backup/*/data/00000001");
	assert_int_equal(tree_restore_plan(&settings, &figures, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "data/00000001 has 100 bytes"));
	run("test ! -e restored");
	assert_int_equal(tree_restore_write(&settings, &figures, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "data/00000001"));
	run("rm -rf restored repo/42/backup/*/data/00000001");
	assert_int_equal(tree_restore_plan(&settings, &figures, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "data/00000001 is missing"));
	run("test ! -e restored");
	assert_int_equal(tree_restore_write(&settings, &figures, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "data/00000001 is missing"));
	manifest_fini(&manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_backup_is_the_directory_as_it_was, setup, teardown),
	    cmocka_unit_test_setup_teardown(delta_repairs_any_damage, setup, teardown),
	    cmocka_unit_test_setup_teardown(delta_of_the_same_reads_and_writes_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_killed_restore_is_completed_by_delta, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_last_checkpoint_is_made_invalid, setup, teardown),
	    cmocka_unit_test_setup_teardown(tablespaces_go_where_they_are_told_to, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_directory_with_content_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(two_restores_do_not_mix, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_missing_or_damaged_pack_is_named, setup, teardown),
	};
	return cmocka_run_group_tests_name("restore/tree_restore", tests, NULL, NULL);
}

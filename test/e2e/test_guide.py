"""The operator's guide, run as it stands: its commands, top to bottom, in one shell of the ordinary user, against a real
PostgreSQL, radosgw and pgBackRest. Only directories and names that this machine has otherwise are replaced.

In doc/guide.md a block "```sh run" is run, "```conf file=PATH" is written (append, mode=600), other blocks are for reading.
A comment "<!-- test: NAME -->" is where the world changes, or is looked at: the scripts below.
"""

import re
import shutil
import subprocess

import pytest

from harness import host

GUIDE = host.ROOT / "doc/guide.md"
COUNT = "select count(*), sum(id) from orders"
PART = re.compile(r"^```(?P<kind>sh|conf) (?P<how>run|file=[^\n]+)\n(?P<text>.*?)^```$|^<!-- test: (?P<test>[^\n]+) -->$", re.S | re.M)

# What the guide takes for granted, does to the server in the reader's place, or expects to be so.
TESTS = {
    "a server": """
        initdb -A trust -U postgres --no-sync --no-instructions -D $PGDATA >/dev/null
        cat >>$PGDATA/postgresql.conf <<-END
        listen_addresses = ''
        unix_socket_directories = '$PGHOST'
        fsync = off
        wal_retrieve_retry_interval = 200ms
        END
        pg_ctl -l $LOG/main.log start""",
    "some orders": """
        psql -c "create table orders as select g as id from generate_series(1, 1000) g"
        sleep 1  # a backup serves a moment from the second after its end on""",
    "an accident": f"""
        before=$(psql -Atc "{COUNT}")
        accident=$(psql -Atc "select clock_timestamp()")
        psql -c "drop table orders" """,
    "the orders are back": f"""
        [ "$(psql -Atc "{COUNT}")" = "$before" ]
        [ "$(psql -Atc 'select timeline_id from pg_control_checkpoint()')" != 1 ]""",
    "more orders": f"""
        psql -c "insert into orders select g from generate_series(1001, 2000) g"
        walship backup diff | grep -F "changed since"
        before=$(psql -Atc "{COUNT}")
        last=$(psql -Atc "select pg_walfile_name(pg_switch_wal())")
        until psql -Atc "select last_archived_wal >= '$last' from pg_stat_archiver" | grep -q t; do sleep 0.1; done""",
    "the machine is gone": """
        mkdir -p $ROOT/media/safe
        cp $ETC/key $ROOT/media/safe/key
        cp $ETC/walship.conf $ETC/s3-secret $ROOT/media
        pg_ctl stop -m immediate
        rm -rf $PGDATA $ETC $SPOOL""",
    "the configuration again": """
        cp $ROOT/media/walship.conf $ROOT/media/s3-secret $ETC""",
    "nothing is lost": f"""
        [ "$(psql -Atc "{COUNT}")" = "$before" ]""",
    "the standby follows": f"""
        until psql -p 5433 -Atc "select status from pg_stat_wal_receiver" | grep -qx streaming; do sleep 0.1; done
        [ "$(psql -p 5433 -Atc "{COUNT}")" = "$before" ]
        [ "$(psql -p 5433 -Atc 'show archive_mode')" = on ]
        psql -c "insert into orders select g from generate_series(2001, 2010) g"
        before=$(psql -Atc "{COUNT}")
        until [ "$(psql -p 5433 -Atc "{COUNT}")" = "$before" ]; do sleep 0.1; done
        psql -p 5433 -Atc "select pg_is_in_recovery()" | grep -qx t
        pg_ctl -D $ROOT/srv/standby -m immediate stop
        last=$(psql -Atc "select pg_walfile_name(pg_switch_wal())")
        until psql -Atc "select last_archived_wal >= '$last' from pg_stat_archiver" | grep -q t; do sleep 0.1; done""",
    "the trial has it all": f"""
        [ "$(psql -p 5433 -Atc "{COUNT}")" = "$before" ]
        [ "$(psql -p 5433 -Atc 'show archive_mode')" = off ]""",
    "a tablespace": """
        mkdir $ROOT/srv/fast
        psql -c "create tablespace fast location '$ROOT/srv/fast'"
        psql -c "create table quick tablespace fast as select g as id from generate_series(1, 1000) g"
        walship backup incr | grep -F "changed since"
        # The server uses that directory.
        ! walship restore --pg-data $ROOT/srv/trial --clone --delta 2>$ROOT/refused
        grep -F "tablespace" $ROOT/refused""",
    "the tablespace is elsewhere": f"""
        until psql -p 5433 -Atc "select pg_is_in_recovery()" | grep -qx f; do sleep 0.1; done
        [ "$(psql -p 5433 -Atc "{COUNT}")" = "$before" ]
        [ "$(psql -p 5433 -Atc "select count(*), pg_tablespace_location(t.oid) from quick, pg_tablespace t
            where spcname = 'fast' group by 2")" = "1000|$ROOT/srv/fast-trial" ]
        # The chapters below have a server without tablespaces.
        psql -c "drop table quick" -c "drop tablespace fast"
        rmdir $ROOT/srv/fast
        walship backup""",
    "pgBackRest": """
        mkdir -p $ROOT/pgbackrest/{repo,log,spool,lock}
        cat >$PGBACKREST_CONFIG <<-END
        [global]
        repo1-path=$ROOT/pgbackrest/repo
        [main]
        pg1-path=$PGDATA
        pg1-socket-path=$PGHOST
        END
        pgbackrest --stanza=main stanza-create
        psql -c "alter system set archive_command = 'pgbackrest --stanza=main archive-push %p'" -c "select pg_reload_conf()"
        sleep 1
        psql -c "insert into orders select g from generate_series(2001, 2100) g"
        first=$(psql -Atc "select pg_walfile_name(pg_switch_wal())")
        until psql -Atc "select last_archived_wal >= '$first' from pg_stat_archiver" | grep -q t; do sleep 0.1; done
        ! (cd $PGDATA && walship cat $first >/dev/null 2>&1)""",
    "orders beside pgBackRest": """
        psql -c "insert into orders select g from generate_series(2101, 3000) g" """,
    # From the base backup alone, with walship alone; and between pgBackRest's first segment and the last there is none that nobody has.
    "no gap": f"""
        psql -c "insert into orders select g from generate_series(3001, 4000) g"
        last=$(psql -Atc "select pg_walfile_name(pg_switch_wal())")
        until psql -Atc "select last_archived_wal >= '$last' from pg_stat_archiver" | grep -q t; do sleep 0.1; done
        psql -Atc "select pg_walfile_name('0/0'::pg_lsn + n * 16777216::numeric + 1) from generate_series(
            ('x' || substr('$first', 9, 8))::bit(32)::int::bigint * 256 + ('x' || substr('$first', 17))::bit(32)::int,
            ('x' || substr('$last', 9, 8))::bit(32)::int::bigint * 256 + ('x' || substr('$last', 17))::bit(32)::int) n" >$ROOT/all
        [ $(wc -l <$ROOT/all) -ge 4 ]
        both=0
        while read -r segment; do
            ours=no theirs=no
            (cd $PGDATA && walship cat $segment >/dev/null 2>&1) && ours=yes
            pgbackrest --stanza=main archive-get $segment $ROOT/got >/dev/null 2>&1 && theirs=yes
            [ $ours$theirs != nono ] || {{ echo "nobody has $segment"; exit 1; }}
            [ $ours$theirs != yesyes ] || both=$((both + 1))
        done <$ROOT/all
        [ $both -ge 1 ]
        before=$(psql -Atc "{COUNT}")
        walship restore --pg-data $ROOT/proof --clone
        pg_ctl -D $ROOT/proof -o "-p 5433" -l $LOG/proof.log start
        until psql -p 5433 -Atc "select pg_is_in_recovery()" | grep -qx f; do sleep 0.1; done
        [ "$(psql -p 5433 -Atc "{COUNT}")" = "$before" ]
        pg_ctl -D $ROOT/proof -m immediate stop""",
    "the machine is put back": f"""
        pg_ctl stop -m fast
        cp -a $PGDATA $ROOT/srv/snapshot
        pg_ctl -l $LOG/main.log start
        psql -c "insert into orders select g from generate_series(5001, 5100) g"
        last=$(psql -Atc "select pg_walfile_name(pg_switch_wal())")
        until psql -Atc "select last_archived_wal >= '$last' from pg_stat_archiver" | grep -q t; do sleep 0.1; done
        before=$(psql -Atc "{COUNT}")
        pg_ctl stop -m fast
        rm -rf $PGDATA
        cp -a $ROOT/srv/snapshot $PGDATA
        pg_ctl -l $LOG/main.log start
        psql -c "insert into orders select g from generate_series(6001, 6010) g"
        diverged=$(psql -Atc "{COUNT}")
        psql -c "select pg_switch_wal()"
        until grep -q "the archive has a different file" $LOG/main.log; do sleep 0.1; done""",
    "the branch of the archive": f"""
        [ "$(psql -Atc "{COUNT}")" = "$before" ]
        last=$(psql -Atc "select pg_walfile_name(pg_switch_wal())")
        until psql -Atc "select last_archived_wal >= '$last' from pg_stat_archiver" | grep -q t; do sleep 0.1; done
        # A segment is missing: pgBackRest has it.
        [ "${{last:0:8}}" = 00000004 ]""",
    "the other branch": f"""
        [ "$(psql -p 5433 -Atc "{COUNT}")" = "$diverged" ]
        until [ -z "$(ls $PGDATA.diverged/pg_wal/archive_status | grep ready)" ]; do sleep 0.1; done
        pg_ctl -D $PGDATA.diverged stop -m immediate
        walship --config $ETC/second.conf verify
        # From its own base backup and its own repository, to its own end.
        walship --config $ETC/second.conf restore --pg-data $ROOT/proof2 --clone
        pg_ctl -D $ROOT/proof2 -l $LOG/proof2.log start
        until psql -p 5433 -Atc "select pg_is_in_recovery()" | grep -qx f; do sleep 0.1; done
        [ "$(psql -p 5433 -Atc "{COUNT}")" = "$diverged" ]
        pg_ctl -D $ROOT/proof2 -m immediate stop""",
    "both keys open": """
        last=$(psql -Atc "select pg_walfile_name(pg_switch_wal())")
        psql -c "insert into orders select g from generate_series(4001, 4100) g"
        last=$(psql -Atc "select pg_walfile_name(pg_switch_wal())")
        until psql -Atc "select last_archived_wal >= '$last' from pg_stat_archiver" | grep -q t; do sleep 0.1; done
        (cd $PGDATA && walship cat $last >/dev/null && walship cat $began >/dev/null)
        # Each needs its own key: with the other one alone neither opens.
        ! (cd $PGDATA && walship --cipher-key-file $ETC/key cat $last >/dev/null)
        ! (cd $PGDATA && walship --cipher-key-file $ETC/key-2027 cat $began >/dev/null)""",
}


def write(block):
    """A file of the guide, written by the shell that runs the rest."""
    path, *options = block["how"].removeprefix("file=").split()
    mode = next((each.removeprefix("mode=") for each in options if each.startswith("mode=")), None)
    redirect = ">>" if "append" in options else ">"
    # Where it lies by default is not ours to write to.
    found = f"export WALSHIP_CONFIG={path}\n" if path.endswith("walship.conf") else ""
    return f"cat {redirect}{path} <<'THE_END'\n{block['text']}THE_END\n{found}" + (f"chmod {mode} {path}\n" if mode else "")


def script(text, replaced):
    """The guide as one program that names the line it is at."""
    parts, used = [], set()
    for block in PART.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        if block["test"]:
            used.add(block["test"])
            body = re.sub(r"^ +", "", TESTS[block["test"]], flags=re.M)
        else:
            body = block["text"] if block["how"] == "run" else write(block)
            for old, new in replaced.items():
                body = body.replace(old, new)
        parts.append(f"echo '== guide.md:{line}'\n{body}\n")
    assert used == set(TESTS), "a script of this test that the guide does not call"
    return "".join(parts)


@pytest.fixture
def place(s3_site):
    """Folders as the guide names them, below one of our own; whatever still runs there is stopped."""
    root = s3_site.directory
    for path in ("etc", "srv", "log", "run", "pg", "home"):
        host.USER.mkdir(root / path)
    yield root
    for data in [*root.glob("pg/*"), root / "proof", root / "proof2", root / "srv/trial", root / "srv/standby"]:
        if (data / "postmaster.pid").exists():
            host.run([host.PG_BIN / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False)


def replacements(root, options, secret):
    """What this machine has in place of what the guide names."""
    return {
        "/usr/lib/postgresql/15/bin": str(host.PG_BIN), "/var/lib/postgresql/15": f"{root}/pg", "/var/log/postgresql": f"{root}/log",
        "/etc/walship": f"{root}/etc/walship", "/var/spool/walship": f"{root}/spool", "/srv/": f"{root}/srv/", "/media/": f"{root}/media/",
        "-o postgres -g postgres": f"-o {host.USER.uid} -g {host.USER.gid}",
        "repo = s3://your-bucket/walship": "\n".join(f"{name} = {options[name]}" for name in ("repo", "s3-endpoint", "s3-ca-file")),
        "ca-central-1": options["s3-region"], "10 minutes ago": "$accident", "primary.example": f"{root}/run", "AKIA-your-key": options["s3-key"], "your-secret-access-key": secret,
    }


def environment(root, program):
    directories = {"LOG": "log", "ROOT": ".", "ETC": "etc/walship", "SPOOL": "spool", "PGHOST": "run", "HOME": "home",
               "WALSHIP_SPOOL": "spool", "PGBACKREST_CONFIG": "pgbackrest.conf",
               "PGBACKREST_LOG_PATH": "pgbackrest/log", "PGBACKREST_LOCK_PATH": "pgbackrest/lock", "PGBACKREST_SPOOL_PATH": "pgbackrest/spool"}
    return host.clean_env(PATH=f"{program.parent}:/usr/bin:/bin:/usr/sbin", PGUSER="postgres", PGDATABASE="postgres",
                          PGOPTIONS="-c client_min_messages=warning", **{name: str(root / path) for name, path in directories.items()})


def test_guide(place, s3_site, program):
    assert shutil.which("pgbackrest"), "pgbackrest is not installed: test/install"
    text, secret = GUIDE.read_text(), s3_site.store.secrets[0].decode()
    replaced = replacements(place, s3_site.store.options, secret)
    assert [name for name in replaced if name not in text] == [], "the guide no longer names these"
    # Whoever reads the guide has sudo; who runs this may do already what it is for.
    host.USER.write(place / "guide.sh", "set -euo pipefail\nsudo() { \"$@\"; }\n" + script(text, replaced))
    with open(place / "out", "wb") as out:
        code = subprocess.run(["timeout", "300", "bash", str(place / "guide.sh")], env=environment(place, program), cwd=place,
                              stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False, **host.USER.popen_args()).returncode
    said = (place / "out").read_text(errors="replace")
    logs = "".join(path.read_text(errors="replace")[-3000:] for path in (place / "log").glob("*.log"))
    assert code == 0, f"{said[-4000:]}\n--- the server's log\n{logs}"
    assert secret not in said + logs, "a secret in the output"

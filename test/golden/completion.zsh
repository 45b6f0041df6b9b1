#compdef walship
# Completion of walship for zsh, made by: walship help completion-zsh

local curcontext=$curcontext state line
local -a _walship_commands _walship_options _walship_extra

_walship_commands=(
	'push:check, compress, encrypt and store one WAL file'
	'fetch:fetch and verify one WAL file'
	'check:test the whole path of a segment, step by step'
	'status:show whether archiving works'
	'report:write an HTML page about the repository and its problems'
	'verify:find missing WAL and show what can be recovered'
	'info:summarize the repository by cluster and timeline'
	'list:list the objects in the repository'
	'backup:make a base backup of the running server'
	'restore:restore a base backup and prepare recovery to any moment'
	'dump:dump databases with PostgreSQL'\''s pg_dump into the repository'
	'drill:rehearse a recovery'
	'expire:remove old base backups, dumps and WAL'
	'schedule:run the scheduled tasks when they are due, for ever'
	'stream:store WAL while the server writes it, for ever'
	'mirror:copy the objects that another repository lacks'
	'keygen:create a new 256-bit key'
	'config:show the effective configuration and the source of each value'
	'backfill:push the WAL files in pg_wal that the repository lacks'
	'timeline:exclude a timeline from recovery to latest, or undo that'
	'cat:verify one WAL file and write it to standard output'
	'key:list rotate'
	'undelete:bring deleted objects back in a bucket that keeps versions'
	'run-due:run the scheduled tasks that are due now'
	'help:show this help, or the help for one command'
)

_walship_options=(
	'(-h --help)'{-h,--help}'[show help]'
	'(-V --version)'{-V,--version}'[show the version and the libraries]'
	'(-v -vv)'{-v,-vv}'[log-level info, debug]'
	'--config=[read this configuration]:FILE:_files'
	'--repo=[where WAL is stored]:URL: '
	'--pg-data=[PostgreSQL'\''s data directory]:DIR:_files -/'
	'--system-id=[the cluster'\''s system identifier, as pg_controldata prints it]:N: '
	'--pg-conninfo=[libpq connection string for commands that query the server]:STRING: '
	'--pg-user-file=[a file that contains the name of the database user, instead of user in pg-conninfo]:FILE:_files'
	'--pg-password-file=[a file that contains the database user'\''s password, such as a container secret]:FILE:_files'
	'--pg-bindir=[the directory of PostgreSQL'\''s programs, for dump and drill]:DIR:_files -/'
	'--rpo=[recovery point objective]:TIME: '
	'--cipher=[how objects are encrypted and authenticated]:value:(aes-256-cbc none)'
	'*--cipher-key-file=[a key file made by walship keygen, mode 0600]:FILE:_files'
	'--cipher-key-command=[a command that prints the content of a key file]:COMMAND:_walship_topics'
	'--secret-files=[which files with secrets are accepted]:value:(strict any)'
	'--compress=[how objects are compressed]:value:(gzip zstd lz4 none)'
	'--compress-level=[compression level]:N: '
	'--push-timeout=[a push fails after this time, including retries]:TIME: '
	'--fetch-timeout=[a fetch fails after this time, including retries]:TIME: '
	'--push-ahead=[how many more ready WAL files one push stores in parallel]:N: '
	'--fetch-ahead=[how many bytes of following segments a fetch keeps in the spool while recovery reads WAL in order]:SIZE: '
	'--fetch-error=[what fetch reports to PostgreSQL when the store does not answer]:value:(auto abort continue)'
	'--fetch-timelines=[which timelines fetch lets PostgreSQL find]:value:(live all)'
	'--fetch-partial=[whether fetch makes a segment from the parts that walship stream has stored, if the repository lacks the segment]:value:(auto never)'
	'--log-level=[the least severe messages to write to log-to]:value:(error warning info debug)'
	'--log-format=[format of the log]:value:(text json)'
	'--log-to=[where log messages go]:stderr|syslog|journal|FILE: _walship_words_or_files stderr syslog journal'
	'--spool=[directory for state that may be lost without harm, such as cached credentials and prefetched segments]:DIR:_files -/'
	'--info-at=[walship info says whether a recovery can go to this time, such as 2026-11-21 05:36:16+00]:TIME: '
	'--undelete-before=[walship undelete brings back what was deleted at this time or later, such as 2026-11-21T05:36:16Z or with an offset]:TIME: '
	'--verify-again=[verify --read reads an object again when its last read is older than this, for example 30d]:TIME: '
	'--verify-notes=[directory where verify --read records which objects it has read, and the times of their commits, which info reads]:DIR:_files -/'
	'--s3-region=[the bucket'\''s region]:NAME: '
	'--s3-endpoint=[endpoint of a store other than AWS]:URL: '
	'--s3-connect-to=[connect to this address instead of the endpoint'\''s, as through a tunnel]:HOST:PORT: '
	'--s3-uri-style=[where a request names the bucket, in the path or in the host name]:value:(auto path host)'
	'--s3-ca-file=[PEM file of trusted certificate authorities, instead of the system'\''s]:FILE:_files'
	'--s3-tls-cert-file=[PEM file of this machine'\''s certificate, for a store that requires client certificates]:FILE:_files'
	'--s3-tls-key-file=[PEM file of the key of s3-tls-cert-file, without a password, mode 0600]:FILE:_files'
	'--s3-part-size=[larger objects are uploaded in parts]:SIZE: '
	'--s3-at-time=[read the repository as it was just before this time, such as 2026-11-21T05:36:16Z or with an offset]:TIME: '
	'--s3-no-replace=[how walship avoids replacing an object]:value:(auto condition look)'
	'--s3-endpoint-mode=[which AWS endpoint of the region to use]:value:(standard dualstack fips fips-dualstack)'
	'--s3-storage-class=[storage class of new objects]:NAME: '
	'--s3-sse=[server-side encryption, in addition to walship'\''s own]:value:(none AES256 aws\:kms aws\:kms\:dsse)'
	'--s3-sse-kms-key-id=[KMS key for s3-sse = aws:kms or aws:kms:dsse]:ID: '
	'--s3-sse-bucket-key=[use an S3 Bucket Key with s3-sse = aws:kms, which needs fewer KMS requests than one key per object]:value:(no yes)'
	'--s3-sse-customer-key-file=[a file, mode 0600, with a key of 32 bytes or its base64 form, which the store encrypts with and does not keep]:FILE:_files'
	'--s3-tags=[tags of each object]:TAGS: '
	'--s3-object-lock-mode=[lock each object against deletion]:value:(none GOVERNANCE COMPLIANCE)'
	'--s3-object-lock-retain-days=[how many days s3-object-lock-mode locks each object]:N: '
	'--s3-requester-pays=[accept the request charges of a bucket that makes the requester pay]:value:(no yes)'
	'--s3-proxy=[the proxy]:URL: '
	'--s3-proxy-ca-file=[PEM file of the certificate authorities that an https:// proxy may have, instead of the system'\''s]:FILE:_files'
	'--s3-bandwidth-limit=[maximum bytes per second for each walship process]:SIZE: '
	'--s3-client=[which S3 client to use]:value:(native libs3)'
	'--s3-key=[access key id]:ID: '
	'--s3-key-file=[a file that contains s3-key]:FILE:_files'
	'--s3-key-secret-file=[a file that contains s3-key-secret, mode 0600]:FILE:_files'
	'--s3-key-secret-command=[a command that prints s3-key-secret]:COMMAND:_walship_topics'
	'--backup-start=[how the server makes the checkpoint at the beginning of a base backup]:value:(fast spread)'
	'--backup-threads=[threads that read and compress files for a base backup]:N: '
	'--backup-rate=[a base backup reads at most this many bytes per second]:SIZE: '
	'--backup-memory=[maximum memory of a base backup]:SIZE: '
	'--backup-pack-size=[size of the objects]:SIZE: '
	'*--backup-include=[a file or directory outside the data directory that base backups also contain, such as /etc/postgresql/15/main]:PATH:_files'
	'--backup-timeout=[a base backup fails when the store or the server does not answer for this time]:TIME: '
	'--backup-wal-timeout=[a base backup fails when the WAL that it needs is not in the repository after this time]:TIME: '
	'--backup-reread=[a differential or incremental backup also reads files that look unchanged if its full backup is older than this]:TIME: '
	'--retention-full=[expire keeps the newest N full base backups, and the backups that refer to them]:N: '
	'--retention-diff=[expire keeps the newest N differential base backups, and the incremental ones behind them]:N: '
	'--retention-days=[expire keeps the base backups of the last N days and the newest one before, so that recovery is possible to any moment of these days]:N: '
	'--retention-wal-days=[expire keeps WAL that was stored in the last N days, although no base backup needs it]:N: '
	'--retention-dump=[expire keeps the newest N dumps]:N: '
	'--retention-dump-days=[expire keeps the dumps of the last N days, and the newest one in any case]:N: '
	'--dump-database=[a database that walship dump takes when its command line names none]:NAME: '
	'--dump-globals=[whether a dump has the roles and tablespaces too, by pg_dumpall --globals-only]:value:(no yes)'
	'--dump-pack-size=[size of a database'\''s dump, before compression, that goes into one object of the repository]:SIZE: '
	'--dump-timeout=[a dump fails when the store or pg_dump is silent for this time]:TIME: '
	'--restore-backup=[the backup to restore, such as 20261129T064210Z-full]:LABEL: '
	'--restore-target-time=[recover up to this time, such as 2026-11-29 06:42:10+00]:TIME: '
	'--restore-target-lsn=[recover up to this position in the WAL, such as 16/B374D848]:LSN: '
	'--restore-target-xid=[recover up to the end of this transaction]:XID: '
	'--restore-target-name=[recover up to this restore point, made with pg_create_restore_point]:NAME: '
	'--restore-target-timeline=[the timeline to follow]:N: '
	'--restore-target-action=[what the server does at the target]:value:(pause promote shutdown)'
	'*--restore-tablespace=[restore this tablespace to another directory]:OID=DIR: '
	'--restore-threads=[threads that read packs and write files]:N: '
	'--restore-memory=[maximum memory for the buffers of a restore]:SIZE: '
	'--restore-timeout=[a restore fails when the store does not answer for this time]:TIME: '
	'--drill-dir=[the directory in which walship drill restores the cluster]:DIR:_files -/'
	'*--drill-sql=[a file of SQL that walship drill runs with psql when the recovery has ended]:FILE:_files'
	'--drill-target-time=[walship drill recovers up to this time, such as 2026-11-29 06:42:10+00]:TIME: '
	'--drill-timeout=[a drill fails when the recovery, or one of the checks, takes this long]:TIME: '
	'--thaw-tier=[how fast restore --thaw wants copies of objects in an archive storage class]:value:(Standard Bulk Expedited)'
	'--thaw-days=[for how many days the copies stay readable]:N: '
	'--thaw-timeout=[restore --thaw fails when the copies are not there after this time]:TIME: '
	'*--mirror-conf=[the configuration file of a copy of this repository]:FILE:_files'
	'--mirror-timeout=[mirror fails when copying an object, or a page of a listing, takes this long]:TIME: '
	'--schedule=[push]:value:(off push)'
	'--schedule-timezone=[the time zone of the schedule, such as America/Toronto]:NAME: '
	'--schedule-on=[on which servers the schedule runs]:value:(primary standby any)'
	'--backup-full=[when full backups are due]:TIMES: '
	'--backup-diff=[when differential backups are due, as backup-full]:TIMES: '
	'--backup-incr=[when incremental backups are due, as backup-full]:TIMES: '
	'--expire-at=[when walship expire is due, as backup-full]:TIMES: '
	'--verify-at=[when walship verify --read is due, as backup-full]:TIMES: '
	'--mirror-at=[when walship mirror is due, as backup-full]:TIMES: '
	'--dump-at=[when walship dump is due, as backup-full]:TIMES: '
	'--drill-at=[when walship drill is due, as backup-full]:TIMES: '
	'--heartbeat-url=[a URL to get after each scheduled task that succeeded, and URL/fail after one that failed, for a service that misses it]:URL: '
	'--stream-slot=[the physical replication slot of walship stream]:NAME: '
	'--stream-interval=[how long walship stream collects WAL before it stores the WAL]:TIME: '
	'--stream-bytes=[the most WAL that one part has]:SIZE: '
	'--status-timeout=[how long walship status waits for the store]:TIME: '
	'--status-age-warning=[walship status warns when a WAL file has waited this long to be archived]:TIME: '
	'--status-age-critical=[as status-age-warning, for the critical state]:TIME: '
	'--status-ready-warning=[walship status warns when this many WAL files wait to be archived]:N: '
	'--status-ready-critical=[as status-ready-warning, for the critical state]:N: '
	'--status-bytes-warning=[walship status warns when this much WAL waits to be archived]:SIZE: '
	'--status-bytes-critical=[as status-bytes-warning, for the critical state]:SIZE: '
	'--status-disk-warning=[walship status warns when the disk of pg_wal will be full within this time at the current rate]:TIME: '
	'--status-disk-critical=[as status-disk-warning, for the critical state]:TIME: '
	'--status-backup-full-warning=[walship status warns when the newest full base backup ended this long ago]:TIME: '
	'--status-backup-full-critical=[as status-backup-full-warning, for the critical state]:TIME: '
	'--status-backup-warning=[walship status warns when the newest base backup of any type ended this long ago]:TIME: '
	'--status-backup-critical=[as status-backup-warning, for the critical state]:TIME: '
	'--status-growth-warning=[walship status warns when the repository has got less WAL and base backups than this in the last 24 hours, such as 1MiB]:SIZE: '
	'--metrics-file=[walship status also writes its metrics to this file, as OpenMetrics text]:FILE:_files'
	'--report-file=[walship report writes its page to this file, and so does the schedule after each run]:FILE:_files'
	'--notify-command=[a command that walship runs when pushes keep failing, and once when they work again]:COMMAND:_walship_topics'
	'--notify-after=[notify-command runs when pushes have failed for this long]:TIME: '
	'--notify-interval=[minimum time between two runs of notify-command while pushes keep failing]:TIME: '
	'--notify-timeout=[notify-command and its child processes are killed after this time]:TIME: '
)

_walship_extra=( man man-conf completion-bash completion-zsh sample markdown )

_walship_topics() {
	_describe command _walship_commands
	compadd -a _walship_extra
}

_walship_words_or_files() {
	compadd -- $@
	_files
}

_arguments -C $_walship_options '1:command:->command' '*::operand:->operand'
case $state in
command) _describe command _walship_commands ;;
operand)
	local chosen=$words[1]
	if [[ $chosen == backup ]]; then
		state=
		_arguments -C $_walship_options '--read-all[also read files that look unchanged since the backup that this one refers to]' '--json[print one JSON object]' '1:command:(full diff incr list keep remove)' '*::operand:->operand'
		[[ $state == operand ]] || return
		[[ ' list keep remove ' == *" $words[1] "* ]] && chosen+=" $words[1]"
	fi
	if [[ $chosen == dump ]]; then
		state=
		_arguments -C $_walship_options '--plain[store SQL for psql instead of pg_dump'\''s custom format for pg_restore]' '--json[print one JSON object]' '1:command:(... list get)' '*::operand:->operand'
		[[ $state == operand ]] || return
		[[ ' list get ' == *" $words[1] "* ]] && chosen+=" $words[1]"
	fi
	if [[ $chosen == drill ]]; then
		state=
		_arguments -C $_walship_options '--random[recover to a random moment of the recoverable window, which differs from drill to drill]' '--keep[leave the copy in drill-dir, stopped, to look at it]' '--json[print the report as one JSON object]' '1:command:(--target-time list)' '*::operand:->operand'
		[[ $state == operand ]] || return
		[[ ' list ' == *" $words[1] "* ]] && chosen+=" $words[1]"
	fi
	if [[ $chosen == key ]]; then
		state=
		_arguments -C $_walship_options '1:command:(list rotate)' '*::operand:->operand'
		[[ $state == operand ]] || return
		[[ ' list rotate ' == *" $words[1] "* ]] && chosen+=" $words[1]"
	fi
	case $chosen in
	'push') _arguments $_walship_options '1:PATH:_files' ;;
	'fetch') _arguments $_walship_options '1:NAME: ' '2:DEST:_files' ;;
	'check') _arguments $_walship_options '--store[test the store only]' '--server[fail if no server answers]' '--promote[test on a standby whether it may be promoted]' '--json[print one JSON object per step]' ;;
	'status') _arguments $_walship_options '--json[print one JSON object instead]' '--prometheus[print metrics as OpenMetrics text instead]' '--notify[also run notify-command when a check is critical or pushes have failed for notify-after, and once after recovery]' ;;
	'report') _arguments $_walship_options '1:FILE:_files' ;;
	'verify') _arguments $_walship_options '--json[print one JSON object per cluster]' '--read[read every object that was not read before, or not since verify-again]' '--commit-times[show the times of the first and the last commit of each range, instead of the times when the segments were stored]' '1:SYSTEM-ID: ' ;;
	'info') _arguments $_walship_options '--json[print one JSON object per cluster]' '--commit-times[also show the ranges that recovery can reach, with the times of their first and last commit]' '1:SYSTEM-ID: ' ;;
	'list') _arguments $_walship_options '--json[print one JSON object per line]' '1:PREFIX: ' ;;
	'backup') _arguments $_walship_options '--read-all[also read files that look unchanged since the backup that this one refers to]' '--json[print one JSON object]' '1:full|diff|incr:(full diff incr)' ;;
	'backup list') _arguments $_walship_options '--json[print one JSON object per backup]' '1:SYSTEM-ID: ' ;;
	'backup keep') _arguments $_walship_options '--release[end the protection instead]' '1:LABEL: ' ;;
	'backup remove') _arguments $_walship_options '--abandoned[treat every unfinished backup of this cluster as killed, however recently it began]' '1:LABEL: ' ;;
	'restore') _arguments $_walship_options '--target-immediate[stop recovery at the end of the backup]' '--target-exclusive[stop just before the target]' '--standby[make a standby, which keeps replaying new WAL]' '--delta[accept a directory with files]' '--dry-run[show the backup, the timeline, the WAL to replay, the bytes to read and write, and the room]' '--thaw[request copies of the objects that the restore needs and that are in an archive storage class]' '--force[restore although WAL is missing, although the archived WAL does not have the target, or although --delta removes WAL that is not archived]' '--clone[set archive_mode = off]' '--takeover[leave archive_mode as it was, although the directory is not the one that was backed up]' '--backup-manifest[also write backup_manifest, with which pg_verifybackup checks the directory]' '--json[print one JSON object]' '1:DIR:_files -/' ;;
	'dump') _arguments $_walship_options '--plain[store SQL for psql instead of pg_dump'\''s custom format for pg_restore]' '--json[print one JSON object]' '1:DATABASE:(...)' ;;
	'dump list') _arguments $_walship_options '--json[print one JSON object per dump]' '1:SYSTEM-ID: ' ;;
	'dump get') _arguments $_walship_options '--sha256[print the SHA-256 of the dump as sha256sum does]' '--globals[write the roles and tablespaces]' '1:LABEL: ' '2:DATABASE: ' '3:FILE:_files' ;;
	'drill') _arguments $_walship_options '--random[recover to a random moment of the recoverable window, which differs from drill to drill]' '--keep[leave the copy in drill-dir, stopped, to look at it]' '--json[print the report as one JSON object]' '1:TIME: ' '2:|: ' ;;
	'drill list') _arguments $_walship_options '--json[print the report of each drill as one JSON object]' '1:SYSTEM-ID: ' ;;
	'expire') _arguments $_walship_options '--dry-run[print which backups, dumps and WAL would go, and why the rest stays]' '--json[print one JSON object per line]' ;;
	'schedule') _arguments $_walship_options '--list[show the next five times of each task instead]' '--json[print one JSON object per run]' ;;
	'stream') _arguments $_walship_options ;;
	'mirror') _arguments $_walship_options '--read[open and verify each object before it appears in the copy, which needs the keys]' '--dry-run[list the objects that the copy lacks and copy nothing]' '--expire[then remove from the copy what the retention options of its own file do not keep]' '--json[print one JSON object per object that was not copied and one for the totals]' '1:OTHER.conf: ' ;;
	'keygen') _arguments $_walship_options '1:FILE:_files' ;;
	'config') _arguments $_walship_options '--credentials[show instead which source provides the S3 credentials and when they expire]' '--json[print one JSON object per option, or one for the credentials]' ;;
	'backfill') _arguments $_walship_options '--dry-run[list what the repository lacks and push nothing]' '--json[print one JSON object per file and one for the totals]' ;;
	'timeline') _arguments $_walship_options '1:set-aside|restore:(set-aside restore)' '2:N: ' ;;
	'cat') _arguments $_walship_options '1:NAME: ' ;;
	'key list') _arguments $_walship_options '--json[print one JSON object per key and per damaged object]' '1:PREFIX: ' ;;
	'key rotate') _arguments $_walship_options '--write[insert the new key before the other keys in walship.conf]' '1:FILE:_files' ;;
	'undelete') _arguments $_walship_options '--dry-run[list what would be brought back and change nothing]' '--json[print one JSON object per object and one for the totals]' '1:PREFIX: ' ;;
	'run-due') _arguments $_walship_options '--json[print one JSON object per run]' ;;
	'help') _arguments $_walship_options '1:COMMAND:_walship_topics' ;;
	esac ;;
esac

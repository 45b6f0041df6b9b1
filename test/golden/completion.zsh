#compdef walship
# Completion of walship for zsh, made by: walship help completion-zsh

local curcontext=$curcontext state line
local -a _walship_commands _walship_options _walship_extra

_walship_commands=(
	'push:check, compress, encrypt and store one WAL file'
	'fetch:bring one WAL file back, verified'
	'cat:write one WAL file, verified, to standard output'
	'keygen:make a new 256-bit key'
	'key:list rotate'
	'config:show the effective configuration and where each value comes from'
	'check:try out the whole path of a segment, step by step'
	'list:show every object in the repository'
	'info:show what is in the repository, by cluster and timeline'
	'verify:find what is missing, and what can still be recovered'
	'backfill:push what pg_wal still has and the repository lacks'
	'status:see whether archiving works'
	'help:show this, or more about one command'
)

_walship_options=(
	'(-h --help)'{-h,--help}'[show help]'
	'--version[show the version]'
	'(-v -vv)'{-v,-vv}'[log-level info, debug]'
	'--config=[read this configuration]:FILE:_files'
	'--repo=[where WAL is kept]:URL: '
	'--pg-data=[the data directory]:DIR:_files -/'
	'--system-id=[the cluster'\''s system identifier]:N: '
	'--pg-conninfo=[how commands that look at the server connect, as libpq has it]:STRING: '
	'--rpo=[so much of the newest data may be lost with the server at most]:TIME: '
	'--cipher=[how objects are protected]:value:(aes-256-cbc none)'
	'*--cipher-key-file=[a file of walship keygen, mode 0600]:FILE:_files'
	'--cipher-key-command=[a program that prints what such a file holds, run without a shell]:COMMAND:_walship_topics'
	'--secret-files=[strict refuses files with secrets that others can read]:value:(strict any)'
	'--compress=[how objects are compressed]:value:(gzip zstd lz4 none)'
	'--compress-level=[1 is fastest, 9 is smallest]:N: '
	'--push-timeout=[a push has failed after this time, retries included]:TIME: '
	'--fetch-timeout=[a fetch has failed after this time, retries included]:TIME: '
	'--push-ahead=[so many of the next files that are ready go along with one push, side by side, and are noted in the spool]:N: '
	'--fetch-ahead=[while recovery goes on in order, the next segments wait in the spool, so many bytes at most]:SIZE: '
	'--fetch-error=[what PostgreSQL is told when the store gives no answer]:value:(auto abort continue)'
	'--log-level=[how much is written to log-to]:value:(error warning info debug)'
	'--log-format=[how log-to is written]:value:(text json)'
	'--log-to=[where the log goes]:stderr|syslog|journal|FILE: _walship_words_or_files stderr syslog journal'
	'--spool=[where calls keep what they may lose, temporary credentials for one]:DIR:_files -/'
	'--verify-again=[verify --read reads again what it read longer ago than this, 30d say]:TIME: '
	'--verify-notes=[where verify --read keeps what it has read]:DIR:_files -/'
	'--s3-region=[the bucket'\''s region]:NAME: '
	'--s3-endpoint=[https://host\[:port\] of a store that is not AWS'\''s]:URL: '
	'--s3-uri-style=[where the bucket'\''s name goes]:value:(auto path host)'
	'--s3-ca-file=[certificate authorities to trust, in PEM, instead of the system'\''s]:FILE:_files'
	'--s3-part-size=[objects larger than this go up in parts]:SIZE: '
	'--s3-no-replace=[how an object is kept from being replaced]:value:(condition look)'
	'--s3-endpoint-mode=[which of AWS'\''s endpoints of the region]:value:(standard dualstack fips fips-dualstack)'
	'--s3-storage-class=[STANDARD, STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING or GLACIER_IR]:NAME: '
	'--s3-sse=[encryption by the store, on top of walship'\''s own]:value:(none AES256 aws\:kms aws\:kms\:dsse)'
	'--s3-sse-kms-key-id=[the KMS key for s3-sse = aws:kms]:ID: '
	'--s3-sse-bucket-key=[with s3-sse = aws:kms]:value:(no yes)'
	'--s3-tags=[tags of each object]:TAGS: '
	'--s3-object-lock-mode=[lock each object against deletion]:value:(none GOVERNANCE COMPLIANCE)'
	'--s3-object-lock-retain-days=[for how long, with s3-object-lock-mode]:N: '
	'--s3-requester-pays=[accept to pay for requests to a bucket that asks for it]:value:(no yes)'
	'--s3-proxy=[http://host:port of a proxy, or none]:URL: '
	'--s3-bandwidth-limit=[bytes a second at most, for each walship]:SIZE: '
	'--s3-client=[libs3 is a second client for stores that need it, if walship was built with it]:value:(native libs3)'
	'--s3-key=[access key id]:ID: '
	'--s3-key-file=[a file with s3-key]:FILE:_files'
	'--s3-key-secret-file=[a file with s3-key-secret, mode 0600]:FILE:_files'
	'--s3-key-secret-command=[a program that prints s3-key-secret, run without a shell]:COMMAND:_walship_topics'
	'--status-timeout=[how long walship status waits for the store at most]:TIME: '
	'--status-age-warning=[walship status warns when WAL has waited this long to be archived, or the newest archived segment is this old and there is later WAL]:TIME: '
	'--status-age-critical=[the same, critical]:TIME: '
	'--status-ready-warning=[walship status warns when this many files wait to be archived]:N: '
	'--status-ready-critical=[the same, critical]:N: '
	'--status-bytes-warning=[walship status warns when so much WAL waits to be archived]:SIZE: '
	'--status-bytes-critical=[the same, critical]:SIZE: '
	'--status-disk-warning=[walship status warns when the disk of pg_wal is full after so long, at the present rate]:TIME: '
	'--status-disk-critical=[the same, critical]:TIME: '
	'--metrics-file=[walship status writes its metrics there too, as OpenMetrics text and all at once]:FILE:_files'
	'--notify-command=[run when pushes have failed for a time, and once when they work again, with WALSHIP_EVENT and more in its environment]:COMMAND:_walship_topics'
	'--notify-after=[notify-command is run when pushes have failed for this long]:TIME: '
	'--notify-interval=[while they fail, notify-command is run again no sooner than this]:TIME: '
	'--notify-timeout=[notify-command and its children are killed after this time]:TIME: '
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
	if [[ $chosen == key ]]; then
		state=
		_arguments -C $_walship_options '1:command:(list rotate)' '*::operand:->operand'
		[[ $state == operand ]] || return
		chosen+=" $words[1]"
	fi
	case $chosen in
	'push') _arguments $_walship_options '1:PATH:_files' ;;
	'fetch') _arguments $_walship_options '1:NAME: ' '2:DEST:_files' ;;
	'cat') _arguments $_walship_options '1:NAME: ' ;;
	'keygen') _arguments $_walship_options '1:FILE:_files' ;;
	'key list') _arguments $_walship_options '--json[one JSON object for each key, and for what is damaged]' '1:PREFIX: ' ;;
	'key rotate') _arguments $_walship_options '--write[put the new key before the others in walship.conf, whose comments stay]' '1:FILE:_files' ;;
	'config') _arguments $_walship_options '--credentials[show which source of S3 credentials is used and until when they are good, instead]' '--json[one JSON object for each option, or one of the credentials]' ;;
	'check') _arguments $_walship_options '--store[only the store]' '--server[it is a failure when no server answers]' '--json[one JSON object for each step]' ;;
	'list') _arguments $_walship_options '--json[one JSON object for each line]' '1:PREFIX: ' ;;
	'info') _arguments $_walship_options '--json[one JSON object for each cluster]' '1:SYSTEM-ID: ' ;;
	'verify') _arguments $_walship_options '--json[one JSON object for each cluster, and with --read for what is damaged and what was read]' '--read[open everything that was not read before]' '1:SYSTEM-ID: ' ;;
	'backfill') _arguments $_walship_options '--dry-run[only list what the repository lacks]' '--json[one JSON object for each file, and one for the sum]' ;;
	'status') _arguments $_walship_options '--json[one JSON object, instead]' '--prometheus[print metrics as OpenMetrics text, instead]' '--notify[run notify-command, too, when something is critical or pushes have failed for notify-after, and once when all is well again]' ;;
	'help') _arguments $_walship_options '1:COMMAND:_walship_topics' ;;
	esac ;;
esac

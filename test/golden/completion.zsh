#compdef walship
# Completion of walship for zsh, made by: walship help completion-zsh

local curcontext=$curcontext state line
local -a _walship_commands _walship_options _walship_extra

_walship_commands=(
	'push:check, compress, encrypt and store one WAL file'
	'fetch:bring one WAL file back, verified'
	'cat:write one WAL file, verified, to standard output'
	'keygen:make a new 256-bit key'
	'config:show the effective configuration and where each value comes from'
	'check:try out what the repository'\''s store really does'
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
	'--cipher=[how objects are protected]:value:(aes-256-cbc none)'
	'*--cipher-key-file=[a file of walship keygen, mode 0600]:FILE:_files'
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
	case $chosen in
	'push') _arguments $_walship_options '1:PATH:_files' ;;
	'fetch') _arguments $_walship_options '1:NAME: ' '2:DEST:_files' ;;
	'cat') _arguments $_walship_options '1:NAME: ' ;;
	'keygen') _arguments $_walship_options '1:FILE:_files' ;;
	'config') _arguments $_walship_options '--credentials[show which source of S3 credentials is used and until when they are good, instead]' ;;
	'check') _arguments $_walship_options '--store[only the store]' ;;
	'help') _arguments $_walship_options '1:COMMAND:_walship_topics' ;;
	esac ;;
esac

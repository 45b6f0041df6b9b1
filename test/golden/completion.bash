# Completion of walship for bash, made by: walship help completion-bash

# Sets the values of an option; false for an option without a value.
_walship_value() {
	case $1 in
	--repo) ;;
	--pg-data) kind=dirnames ;;
	--system-id) ;;
	--pg-conninfo) ;;
	--pg-user-file) kind=default ;;
	--pg-password-file) kind=default ;;
	--pg-bindir) kind=dirnames ;;
	--rpo) ;;
	--cipher) words='aes-256-cbc none' ;;
	--cipher-key-file) kind=default ;;
	--cipher-key-command) words='push fetch check status report verify info list backup restore dump drill expire schedule stream mirror keygen config backfill timeline cat key undelete run-due help man man-conf completion-bash completion-zsh sample markdown' ;;
	--secret-files) words='strict any' ;;
	--compress) words='gzip zstd lz4 none' ;;
	--compress-level) ;;
	--push-timeout) ;;
	--fetch-timeout) ;;
	--push-ahead) ;;
	--fetch-ahead) ;;
	--fetch-error) words='auto abort continue' ;;
	--fetch-timelines) words='live all' ;;
	--fetch-partial) words='auto never' ;;
	--log-level) words='error warning info debug' ;;
	--log-format) words='text json' ;;
	--log-to) words='stderr syslog journal'; kind=default ;;
	--spool) kind=dirnames ;;
	--info-at) ;;
	--undelete-before) ;;
	--verify-again) ;;
	--verify-notes) kind=dirnames ;;
	--s3-region) ;;
	--s3-endpoint) ;;
	--s3-connect-to) ;;
	--s3-uri-style) words='auto path host' ;;
	--s3-ca-file) kind=default ;;
	--s3-tls-cert-file) kind=default ;;
	--s3-tls-key-file) kind=default ;;
	--s3-part-size) ;;
	--s3-at-time) ;;
	--s3-no-replace) words='auto condition look' ;;
	--s3-endpoint-mode) words='standard dualstack fips fips-dualstack' ;;
	--s3-storage-class) ;;
	--s3-sse) words='none AES256 aws:kms aws:kms:dsse' ;;
	--s3-sse-kms-key-id) ;;
	--s3-sse-bucket-key) words='no yes' ;;
	--s3-sse-customer-key-file) kind=default ;;
	--s3-tags) ;;
	--s3-object-lock-mode) words='none GOVERNANCE COMPLIANCE' ;;
	--s3-object-lock-retain-days) ;;
	--s3-requester-pays) words='no yes' ;;
	--s3-proxy) ;;
	--s3-proxy-ca-file) kind=default ;;
	--s3-bandwidth-limit) ;;
	--s3-client) words='native libs3' ;;
	--s3-key) ;;
	--s3-key-file) kind=default ;;
	--s3-key-secret-file) kind=default ;;
	--s3-key-secret-command) words='push fetch check status report verify info list backup restore dump drill expire schedule stream mirror keygen config backfill timeline cat key undelete run-due help man man-conf completion-bash completion-zsh sample markdown' ;;
	--backup-start) words='fast spread' ;;
	--backup-threads) ;;
	--backup-rate) ;;
	--backup-memory) ;;
	--backup-pack-size) ;;
	--backup-include) kind=default ;;
	--backup-timeout) ;;
	--backup-wal-timeout) ;;
	--backup-reread) ;;
	--retention-full) ;;
	--retention-diff) ;;
	--retention-days) ;;
	--retention-wal-days) ;;
	--retention-dump) ;;
	--retention-dump-days) ;;
	--dump-database) ;;
	--dump-globals) words='no yes' ;;
	--dump-pack-size) ;;
	--dump-timeout) ;;
	--restore-backup) ;;
	--restore-target-time) ;;
	--restore-target-lsn) ;;
	--restore-target-xid) ;;
	--restore-target-name) ;;
	--restore-target-timeline) ;;
	--restore-target-action) words='pause promote shutdown' ;;
	--restore-tablespace) ;;
	--restore-threads) ;;
	--restore-memory) ;;
	--restore-timeout) ;;
	--drill-dir) kind=dirnames ;;
	--drill-sql) kind=default ;;
	--drill-target-time) ;;
	--drill-timeout) ;;
	--thaw-tier) words='Standard Bulk Expedited' ;;
	--thaw-days) ;;
	--thaw-timeout) ;;
	--mirror-conf) kind=default ;;
	--mirror-timeout) ;;
	--schedule) words='off push' ;;
	--schedule-timezone) ;;
	--schedule-on) words='primary standby any' ;;
	--backup-full) ;;
	--backup-diff) ;;
	--backup-incr) ;;
	--expire-at) ;;
	--verify-at) ;;
	--mirror-at) ;;
	--dump-at) ;;
	--drill-at) ;;
	--heartbeat-url) ;;
	--stream-slot) ;;
	--stream-interval) ;;
	--stream-bytes) ;;
	--status-timeout) ;;
	--status-age-warning) ;;
	--status-age-critical) ;;
	--status-ready-warning) ;;
	--status-ready-critical) ;;
	--status-bytes-warning) ;;
	--status-bytes-critical) ;;
	--status-disk-warning) ;;
	--status-disk-critical) ;;
	--status-backup-full-warning) ;;
	--status-backup-full-critical) ;;
	--status-backup-warning) ;;
	--status-backup-critical) ;;
	--status-growth-warning) ;;
	--metrics-file) kind=default ;;
	--report-file) kind=default ;;
	--notify-command) words='push fetch check status report verify info list backup restore dump drill expire schedule stream mirror keygen config backfill timeline cat key undelete run-due help man man-conf completion-bash completion-zsh sample markdown' ;;
	--notify-after) ;;
	--notify-interval) ;;
	--notify-timeout) ;;
	--config) kind=default ;;
	*) return 1 ;;
	esac
}

# Sets the second words of a two-word command; false for other commands.
_walship_group() {
	case $1 in
	backup) words='list keep remove' ;;
	dump) words='list get' ;;
	drill) words='list' ;;
	key) words='list rotate' ;;
	*) return 1 ;;
	esac
}

# What may stand as the operand of this number of a command.
_walship_operand() {
	case $1,$2 in
	'push,1') kind=default ;;
	'fetch,1') ;;
	'fetch,2') kind=default ;;
	'report,1') kind=default ;;
	'verify,1') ;;
	'info,1') ;;
	'list,1') ;;
	'backup,1') words='full diff incr' ;;
	'backup list,1') ;;
	'backup keep,1') ;;
	'backup remove,1') ;;
	'restore,1') kind=dirnames ;;
	'dump,1') words='...' ;;
	'dump list,1') ;;
	'dump get,1') ;;
	'dump get,2') ;;
	'dump get,3') kind=default ;;
	'drill,1') ;;
	'drill,2') ;;
	'drill list,1') ;;
	'mirror,1') ;;
	'keygen,1') kind=default ;;
	'timeline,1') words='set-aside restore' ;;
	'timeline,2') ;;
	'cat,1') ;;
	'key list,1') ;;
	'key rotate,1') kind=default ;;
	'undelete,1') ;;
	'help,1') words='push fetch check status report verify info list backup restore dump drill expire schedule stream mirror keygen config backfill timeline cat key undelete run-due help man man-conf completion-bash completion-zsh sample markdown' ;;
	esac
}

# What else may begin with a dash: of a command, and everywhere.
_walship_flags() {
	case $1 in
	'check') words+=' --store --server --promote --json' ;;
	'status') words+=' --json --prometheus --notify' ;;
	'verify') words+=' --json --read --commit-times' ;;
	'info') words+=' --json --commit-times' ;;
	'list') words+=' --json' ;;
	'backup') words+=' --read-all --json' ;;
	'backup list') words+=' --json' ;;
	'backup keep') words+=' --release' ;;
	'backup remove') words+=' --abandoned' ;;
	'restore') words+=' --target-immediate --target-exclusive --standby --delta --dry-run --thaw --force --clone --takeover --backup-manifest --json' ;;
	'dump') words+=' --plain --json' ;;
	'dump list') words+=' --json' ;;
	'dump get') words+=' --sha256 --globals' ;;
	'drill') words+=' --random --keep --json' ;;
	'drill list') words+=' --json' ;;
	'expire') words+=' --dry-run --json' ;;
	'schedule') words+=' --list --json' ;;
	'mirror') words+=' --read --dry-run --expire --json' ;;
	'config') words+=' --credentials --json' ;;
	'backfill') words+=' --dry-run --json' ;;
	'key list') words+=' --json' ;;
	'key rotate') words+=' --write' ;;
	'undelete') words+=' --dry-run --json' ;;
	'run-due') words+=' --json' ;;
	esac
	words+=' -v -vv -h --help -V --version --config --repo --pg-data --system-id --pg-conninfo --pg-user-file --pg-password-file --pg-bindir --rpo --cipher --cipher-key-file --cipher-key-command --secret-files --compress --compress-level --push-timeout --fetch-timeout --push-ahead --fetch-ahead --fetch-error --fetch-timelines --fetch-partial --log-level --log-format --log-to --spool --info-at --undelete-before --verify-again --verify-notes --s3-region --s3-endpoint --s3-connect-to --s3-uri-style --s3-ca-file --s3-tls-cert-file --s3-tls-key-file --s3-part-size --s3-at-time --s3-no-replace --s3-endpoint-mode --s3-storage-class --s3-sse --s3-sse-kms-key-id --s3-sse-bucket-key --s3-sse-customer-key-file --s3-tags --s3-object-lock-mode --s3-object-lock-retain-days --s3-requester-pays --s3-proxy --s3-proxy-ca-file --s3-bandwidth-limit --s3-client --s3-key --s3-key-file --s3-key-secret-file --s3-key-secret-command --backup-start --backup-threads --backup-rate --backup-memory --backup-pack-size --backup-include --backup-timeout --backup-wal-timeout --backup-reread --retention-full --retention-diff --retention-days --retention-wal-days --retention-dump --retention-dump-days --dump-database --dump-globals --dump-pack-size --dump-timeout --restore-backup --restore-target-time --restore-target-lsn --restore-target-xid --restore-target-name --restore-target-timeline --restore-target-action --restore-tablespace --restore-threads --restore-memory --restore-timeout --drill-dir --drill-sql --drill-target-time --drill-timeout --thaw-tier --thaw-days --thaw-timeout --mirror-conf --mirror-timeout --schedule --schedule-timezone --schedule-on --backup-full --backup-diff --backup-incr --expire-at --verify-at --mirror-at --dump-at --drill-at --heartbeat-url --stream-slot --stream-interval --stream-bytes --status-timeout --status-age-warning --status-age-critical --status-ready-warning --status-ready-critical --status-bytes-warning --status-bytes-critical --status-disk-warning --status-disk-critical --status-backup-full-warning --status-backup-full-critical --status-backup-warning --status-backup-critical --status-growth-warning --metrics-file --report-file --notify-command --notify-after --notify-interval --notify-timeout'
}

_walship_commands='push fetch check status report verify info list backup restore dump drill expire schedule stream mirror keygen config backfill timeline cat key undelete run-due help'

_walship() {
	local line word current option= command= operands=0 ended= prefix= words= kind= group
	read -a line <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:blank:]] ]] || line+=('')
	current=${line[-1]}
	for word in "${line[@]:1:${#line[@]}-2}"; do
		if [[ $option ]]; then
			option=
		elif [[ $ended || $word != -* ]]; then
			if [[ ! $command ]]; then
				command=$word
			elif _walship_group "$command" && [[ " $words " == *" $word "* ]]; then
				command+=" $word"
			else
				operands=$((operands + 1))
			fi
		elif [[ $word == -- ]]; then
			ended=yes
		elif _walship_value "$word"; then
			option=$word
		fi
	done
	words= kind= COMPREPLY=()
	if [[ $option ]]; then
		_walship_value "$option"
	elif [[ ! $ended && $current == --*=* ]]; then
		_walship_value "${current%%=*}"
		[[ $COMP_WORDBREAKS == *=* ]] || prefix=${current%%=*}=
		current=${current#*=}
	elif [[ ! $ended && $current == -* ]]; then
		_walship_flags "$command"
	elif [[ ! $command ]]; then
		words=$_walship_commands
	else
		[[ $operands -gt 0 ]] || _walship_group "$command"
		group=$words words=
		_walship_operand "$command" $((operands + 1))
		words="$words $group"
	fi
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$current")
	[[ ! $kind || ${#COMPREPLY[@]} -gt 0 ]] || compopt -o "$kind"
}
complete -F _walship walship

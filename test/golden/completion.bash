# Completion of walship for bash, made by: walship help completion-bash

# What may stand behind an option; false when nothing does.
_walship_value() {
	case $1 in
	--repo) ;;
	--pg-data) kind=dirnames ;;
	--system-id) ;;
	--cipher) words='aes-256-cbc none' ;;
	--cipher-key-file) kind=default ;;
	--compress) words='gzip zstd lz4 none' ;;
	--compress-level) ;;
	--push-timeout) ;;
	--fetch-timeout) ;;
	--push-ahead) ;;
	--fetch-ahead) ;;
	--fetch-error) words='auto abort continue' ;;
	--log-level) words='error warning info debug' ;;
	--log-format) words='text json' ;;
	--log-to) words='stderr syslog journal'; kind=default ;;
	--spool) kind=dirnames ;;
	--s3-region) ;;
	--s3-endpoint) ;;
	--s3-uri-style) words='auto path host' ;;
	--s3-ca-file) kind=default ;;
	--s3-part-size) ;;
	--s3-no-replace) words='condition look' ;;
	--s3-endpoint-mode) words='standard dualstack fips fips-dualstack' ;;
	--s3-storage-class) ;;
	--s3-sse) words='none AES256 aws:kms aws:kms:dsse' ;;
	--s3-sse-kms-key-id) ;;
	--s3-sse-bucket-key) words='no yes' ;;
	--s3-tags) ;;
	--s3-object-lock-mode) words='none GOVERNANCE COMPLIANCE' ;;
	--s3-object-lock-retain-days) ;;
	--s3-requester-pays) words='no yes' ;;
	--s3-proxy) ;;
	--s3-bandwidth-limit) ;;
	--s3-client) words='native libs3' ;;
	--s3-key) ;;
	--s3-key-file) kind=default ;;
	--s3-key-secret-file) kind=default ;;
	--config) kind=default ;;
	*) return 1 ;;
	esac
}

# The second words of commands that have one; false for the others.
_walship_group() {
	case $1 in
	*) return 1 ;;
	esac
}

# What may stand as the operand of this number of a command.
_walship_operand() {
	case $1,$2 in
	'push,1') kind=default ;;
	'fetch,1') ;;
	'fetch,2') kind=default ;;
	'cat,1') ;;
	'keygen,1') kind=default ;;
	'help,1') words='push fetch cat keygen config check help man man-conf completion-bash completion-zsh sample markdown' ;;
	esac
}

# What else may begin with a dash: of a command, and everywhere.
_walship_flags() {
	case $1 in
	'config') words+=' --credentials' ;;
	'check') words+=' --store' ;;
	esac
	words+=' -v -vv -h --help --version --config --repo --pg-data --system-id --cipher --cipher-key-file --compress --compress-level --push-timeout --fetch-timeout --push-ahead --fetch-ahead --fetch-error --log-level --log-format --log-to --spool --s3-region --s3-endpoint --s3-uri-style --s3-ca-file --s3-part-size --s3-no-replace --s3-endpoint-mode --s3-storage-class --s3-sse --s3-sse-kms-key-id --s3-sse-bucket-key --s3-tags --s3-object-lock-mode --s3-object-lock-retain-days --s3-requester-pays --s3-proxy --s3-bandwidth-limit --s3-client --s3-key --s3-key-file --s3-key-secret-file'
}

_walship_commands='push fetch cat keygen config check help'

_walship() {
	local line word current option= command= operands=0 ended= prefix= words= kind=
	read -a line <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:blank:]] ]] || line+=('')
	current=${line[-1]}
	for word in "${line[@]:1:${#line[@]}-2}"; do
		if [[ $option ]]; then
			option=
		elif [[ $ended || $word != -* ]]; then
			if [[ ! $command ]]; then
				command=$word
			elif _walship_group "$command"; then
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
	elif ! _walship_group "$command"; then
		_walship_operand "$command" $((operands + 1))
	fi
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$current")
	[[ ! $kind || ${#COMPREPLY[@]} -gt 0 ]] || compopt -o "$kind"
}
complete -F _walship walship

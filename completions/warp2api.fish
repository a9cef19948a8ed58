# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_warp2api_global_optspecs
    string join \n config= upstream= state= descriptors= log-format= v/verbose q/quiet h/help V/version
end

function __fish_warp2api_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_warp2api_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_warp2api_using_subcommand
    set -l cmd (__fish_warp2api_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c warp2api -n "__fish_warp2api_needs_command" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_needs_command" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_needs_command" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_needs_command" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_needs_command" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_needs_command" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_needs_command" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_needs_command" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_needs_command" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "serve" -d 'Serve the OpenAI, Anthropic and Gemini APIs on this machine'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "chat" -d 'Ask something from the command line'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "encode" -d 'Turn JSON or YAML into protobuf messages'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "decode" -d 'Turn protobuf messages into JSON'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "parse-response" -d 'Read recorded answers of the upstream'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "verify" -d 'Check that clients of every dialect would be content with recorded answers'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "token" -d 'Manage your Warp credentials'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "key" -d 'Manage the keys of this gateway\'s own clients, and what each may use'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "models" -d 'List the models that your account may use'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "schema" -d 'Look up, fill in, compile and compare message types'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "config" -d 'See, check and describe the settings'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "healthcheck" -d 'Ask a running server whether it is well'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c warp2api -n "__fish_warp2api_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l listen -d 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l bridge-listen -d 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l metrics-listen -d 'Serve /metrics here instead, and nothing else, without a key; or off' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l pool-size -d 'How many accounts to keep ready, where there are that many [default: 3]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l record -d 'Record every exchange with the upstream into a file of its own in this directory' -r -f -a "(__fish_complete_directories)"
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l monitor-sensitive -d 'Show on the bridge\'s page what people wrote, too'
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l strict -d 'Refuse requests with options that neither the upstream nor the gateway can honour'
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l allow-anonymous -d 'Serve an address that others can reach although there is no client key'
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -l record-sensitive -d 'Record what people wrote, too'
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand serve" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -s m -l model -d 'Model to ask' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -s s -l system -d 'System text that stands before the conversation' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -s f -l file -d 'Attach a text file or an image; may be repeated' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -l continue -d 'Go on with the last conversation'
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -l json -d 'Print the answer as one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand chat" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -s t -l type -d 'Message type, full or short' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -s i -l input -d 'What the input is' -r -f -a "auto\t'YAML if the file is called so or does not begin as JSON does'
json\t'JSON documents, one after the other'
yaml\t'YAML documents'"
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -s o -l output -d 'How to write the bytes [default: base64 on a terminal, raw elsewhere]' -r -f -a "raw\t'The bytes themselves'
hex\t'Two digits a byte'
base64\t'Base64'
base64url\t'Base64 with - and _'
delimited\t'The bytes of each message behind their length'"
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -l sanitize-tools -d 'Mend the JSON Schemas of the tools in a request, as older gateways did'
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c warp2api -n "__fish_warp2api_using_subcommand encode" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -s t -l type -d 'Message type, full or short' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -s i -l input -d 'What the input is' -r -f -a "auto\t'Whatever it looks like'
raw\t'The bytes themselves'
hex\t'Two digits a byte'
base64\t'Base64 of either alphabet'
base64url\t'Base64 with - and _'
sse\t'Server-sent events whose data is base64'
delimited\t'The bytes of each message behind their length'"
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l names -d 'How to call fields' -r -f -a "snake\t'As the schema has them: conversation_id'
camel\t'As other runtimes write them: conversationId'"
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l raw-fields -d 'Show fields by number, without the schema'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l guess -d 'Try every message type and say which fit best'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l opaque -d 'Also open the payloads that the schema leaves opaque'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l emit-defaults -d 'Also show fields that are not set'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l redact -d 'Replace what people wrote, ran or keep; the type must be right for that'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -l strict -d 'Stop at the first message that cannot be read'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c warp2api -n "__fish_warp2api_using_subcommand decode" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -l as -d 'What to make of them' -r -f -a "summary\t'What happened, for a person'
text\t'The answer\'s text alone'
events\t'One line an event'
json\t'What happened, as one JSON object an exchange'
openai\t'What a client of OpenAI\'s chat completions would have received'
responses\t'What a client of OpenAI\'s responses would have received'
anthropic\t'What a client of Anthropic\'s messages would have received'
gemini\t'What a client of Gemini would have received'"
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -l strict -d 'Stop at the first event that cannot be read'
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c warp2api -n "__fish_warp2api_using_subcommand parse-response" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -l json -d 'Print one JSON object an exchange'
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand verify" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "login" -d 'Sign in to Warp in a browser, and keep the session'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "add" -d 'Keep an API key or the refresh token of a session, read from standard input or typed unseen'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "list" -d 'List the accounts there are'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "remove" -d 'Forget an account'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "rename" -d 'Give an account another name'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "acquire" -d 'Print one fresh token and nothing else'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "inspect" -d 'Say what a token is and how long it lives, without showing it'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "pool" -d 'See which account serves when, and why'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "worker" -d 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and not __fish_seen_subcommand_from login add list remove rename acquire inspect pool worker help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -l name -d 'What to call the account [default: the first part of its e-mail address]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -l no-browser -d 'Do not open a browser'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from login" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -l kind -d 'What is given [default: a key if it begins with wk-, else a refresh token]' -r -f -a "key\t'A Warp API key'
refresh\t'The refresh token of a session'"
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from remove" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from remove" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from remove" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from remove" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from remove" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from rename" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from rename" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from rename" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from rename" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from rename" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from rename" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from rename" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from rename" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -l format -d 'How to print it' -r -f -a "token\t'The token alone'
header\t'An Authorization header'
env\t'The variable that warp2api reads it from'
json\t'A JSON object with its account and its end'"
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -l min-ttl -d 'Refuse a token that ends sooner [default: 5m where that can be had]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -l account -d 'Take the token of this account' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from acquire" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -l json -d 'Print one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from inspect" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -f -a "status" -d 'Tell how every account stands, in running servers or else as one would begin'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -f -a "why" -d 'Say why the last requests went to the accounts that they went to'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -f -a "refill" -d 'Forget what stands against accounts, and try each of them once'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from pool" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -f -a "deploy" -d 'Put it up, or replace it, with your sessions; prints its address and its key'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -f -a "status" -d 'Tell where it is and which sessions it has'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -f -a "remove" -d 'Take it down, with its secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from worker" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "login" -d 'Sign in to Warp in a browser, and keep the session'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "add" -d 'Keep an API key or the refresh token of a session, read from standard input or typed unseen'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the accounts there are'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Forget an account'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "rename" -d 'Give an account another name'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "acquire" -d 'Print one fresh token and nothing else'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Say what a token is and how long it lives, without showing it'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "pool" -d 'See which account serves when, and why'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "worker" -d 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions'
complete -c warp2api -n "__fish_warp2api_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -f -a "create" -d 'Make a key and print it, once; what is not named is not limited'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -f -a "list" -d 'List the keys: what each may do, has used today, and whether it is in force'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -f -a "update" -d 'Change what a key may do; what is not named stays as it is'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -f -a "rotate" -d 'Give a key another secret, print it once, and refuse the one before'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -f -a "revoke" -d 'Refuse a key from now on'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and not __fish_seen_subcommand_from create list update rotate revoke help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l models -d 'Models that it may ask, comma-separated: ids, aliases, patterns with `*`, or all' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l dialects -d 'APIs that it may speak, comma-separated, or all' -r -f -a "openai_chat\t''
openai_responses\t''
anthropic\t''
gemini\t''
all\t''"
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l requests-per-minute -d 'Requests in any minute, or none for no limit' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l tokens-per-day -d 'Tokens, input and output, in a day of UTC, such as 200k or 1M, or none for no limit' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l credits-per-day -d 'Warp\'s credits in a day of UTC, such as 2.5, or none for no limit' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l streams -d 'Answers under way at once, or none for no limit' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l expires -d 'When it ends: 12h, 30d, 2026-12-31, 2026-12-31T18:00:00Z, or never' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -l json -d 'Print one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from create" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l models -d 'Models that it may ask, comma-separated: ids, aliases, patterns with `*`, or all' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l dialects -d 'APIs that it may speak, comma-separated, or all' -r -f -a "openai_chat\t''
openai_responses\t''
anthropic\t''
gemini\t''
all\t''"
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l requests-per-minute -d 'Requests in any minute, or none for no limit' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l tokens-per-day -d 'Tokens, input and output, in a day of UTC, such as 200k or 1M, or none for no limit' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l credits-per-day -d 'Warp\'s credits in a day of UTC, such as 2.5, or none for no limit' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l streams -d 'Answers under way at once, or none for no limit' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l expires -d 'When it ends: 12h, 30d, 2026-12-31, 2026-12-31T18:00:00Z, or never' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from update" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -l json -d 'Print one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from rotate" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from revoke" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from revoke" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from revoke" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from revoke" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from revoke" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from revoke" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from revoke" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make a key and print it, once; what is not named is not limited'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the keys: what each may do, has used today, and whether it is in force'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "update" -d 'Change what a key may do; what is not named stays as it is'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Give a key another secret, print it once, and refuse the one before'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Refuse a key from now on'
complete -c warp2api -n "__fish_warp2api_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -l json -d 'Print one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -l refresh -d 'Ask Warp even if it was asked within the hour'
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand models" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -f -a "list" -d 'List message types, enums and, when searching, fields and values'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -f -a "show" -d 'Show a message type or an enum as .proto text'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -f -a "template" -d 'Print a message to fill in, as JSON that encodes'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -f -a "compile" -d 'Compile .proto files into a descriptor set for --descriptors'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -f -a "diff" -d 'Say what changed between this schema and another'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and not __fish_seen_subcommand_from list show template compile diff help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object a line'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from show" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from show" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from show" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from show" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from show" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -l depth -d 'How many messages to show inside each other' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -l choose -d 'Show this variant of a oneof, as `input.user_inputs`; may be repeated' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from template" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -s o -l output -d 'File to write; `-` is standard output' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -l comments -d 'Keep comments, for `schema show`'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from compile" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -l json -d 'Print one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from diff" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "list" -d 'List message types, enums and, when searching, fields and values'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a message type or an enum as .proto text'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "template" -d 'Print a message to fill in, as JSON that encodes'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "compile" -d 'Compile .proto files into a descriptor set for --descriptors'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "diff" -d 'Say what changed between this schema and another'
complete -c warp2api -n "__fish_warp2api_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -f -a "show" -d 'Show every setting as `serve` with the same flags would have it, and where its value comes from'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -f -a "check" -d 'Tell everything that is wrong with the settings, as `serve` with the same flags would find them'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -f -a "schema" -d 'Print a JSON Schema of the configuration file, for editors'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -f -a "example" -d 'Print a configuration file with every setting in it, explained and commented out'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and not __fish_seen_subcommand_from show check schema example help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l listen -d 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l bridge-listen -d 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l metrics-listen -d 'Serve /metrics here instead, and nothing else, without a key; or off' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l pool-size -d 'How many accounts to keep ready, where there are that many [default: 3]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l record -d 'Record every exchange with the upstream into a file of its own in this directory' -r -f -a "(__fish_complete_directories)"
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l monitor-sensitive -d 'Show on the bridge\'s page what people wrote, too'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l strict -d 'Refuse requests with options that neither the upstream nor the gateway can honour'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l allow-anonymous -d 'Serve an address that others can reach although there is no client key'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -l record-sensitive -d 'Record what people wrote, too'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l listen -d 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l bridge-listen -d 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l metrics-listen -d 'Serve /metrics here instead, and nothing else, without a key; or off' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l pool-size -d 'How many accounts to keep ready, where there are that many [default: 3]' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l record -d 'Record every exchange with the upstream into a file of its own in this directory' -r -f -a "(__fish_complete_directories)"
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON object'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l monitor-sensitive -d 'Show on the bridge\'s page what people wrote, too'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l strict -d 'Refuse requests with options that neither the upstream nor the gateway can honour'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l allow-anonymous -d 'Serve an address that others can reach although there is no client key'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -l record-sensitive -d 'Record what people wrote, too'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from schema" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from schema" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from schema" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from schema" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from schema" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from schema" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from schema" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from schema" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from example" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from example" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from example" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from example" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from example" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from example" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from example" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from example" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from example" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show every setting as `serve` with the same flags would have it, and where its value comes from'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Tell everything that is wrong with the settings, as `serve` with the same flags would find them'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "schema" -d 'Print a JSON Schema of the configuration file, for editors'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "example" -d 'Print a configuration file with every setting in it, explained and commented out'
complete -c warp2api -n "__fish_warp2api_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -l timeout -d 'How long to wait for its answer' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -l ready -d 'Ask whether it can answer clients (/readyz), not only whether it is alive (/healthz)'
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand healthcheck" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand completions" -l config -d 'Configuration file (TOML)' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand completions" -l upstream -d 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand completions" -l state -d 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share' -r -f
complete -c warp2api -n "__fish_warp2api_using_subcommand completions" -l descriptors -d 'Use this protobuf descriptor set instead of the built-in schema' -r -F
complete -c warp2api -n "__fish_warp2api_using_subcommand completions" -l log-format -d 'How log lines look: text or json' -r
complete -c warp2api -n "__fish_warp2api_using_subcommand completions" -s v -l verbose -d 'Say more; given twice, say everything but secrets'
complete -c warp2api -n "__fish_warp2api_using_subcommand completions" -s q -l quiet -d 'Say nothing but errors'
complete -c warp2api -n "__fish_warp2api_using_subcommand completions" -s h -l help -d 'Print help'
complete -c warp2api -n "__fish_warp2api_using_subcommand completions" -s V -l version -d 'Print version'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "serve" -d 'Serve the OpenAI, Anthropic and Gemini APIs on this machine'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "chat" -d 'Ask something from the command line'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "encode" -d 'Turn JSON or YAML into protobuf messages'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "decode" -d 'Turn protobuf messages into JSON'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "parse-response" -d 'Read recorded answers of the upstream'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "verify" -d 'Check that clients of every dialect would be content with recorded answers'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "token" -d 'Manage your Warp credentials'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "key" -d 'Manage the keys of this gateway\'s own clients, and what each may use'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "models" -d 'List the models that your account may use'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "schema" -d 'Look up, fill in, compile and compare message types'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "config" -d 'See, check and describe the settings'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "healthcheck" -d 'Ask a running server whether it is well'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and not __fish_seen_subcommand_from serve chat encode decode parse-response verify token key models schema config healthcheck completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "login" -d 'Sign in to Warp in a browser, and keep the session'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "add" -d 'Keep an API key or the refresh token of a session, read from standard input or typed unseen'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "list" -d 'List the accounts there are'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "remove" -d 'Forget an account'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "rename" -d 'Give an account another name'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "acquire" -d 'Print one fresh token and nothing else'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "inspect" -d 'Say what a token is and how long it lives, without showing it'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "pool" -d 'See which account serves when, and why'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "worker" -d 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "create" -d 'Make a key and print it, once; what is not named is not limited'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "list" -d 'List the keys: what each may do, has used today, and whether it is in force'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "update" -d 'Change what a key may do; what is not named stays as it is'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "rotate" -d 'Give a key another secret, print it once, and refuse the one before'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "revoke" -d 'Refuse a key from now on'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from schema" -f -a "list" -d 'List message types, enums and, when searching, fields and values'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from schema" -f -a "show" -d 'Show a message type or an enum as .proto text'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from schema" -f -a "template" -d 'Print a message to fill in, as JSON that encodes'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from schema" -f -a "compile" -d 'Compile .proto files into a descriptor set for --descriptors'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from schema" -f -a "diff" -d 'Say what changed between this schema and another'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Show every setting as `serve` with the same flags would have it, and where its value comes from'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Tell everything that is wrong with the settings, as `serve` with the same flags would find them'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "schema" -d 'Print a JSON Schema of the configuration file, for editors'
complete -c warp2api -n "__fish_warp2api_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "example" -d 'Print a configuration file with every setting in it, explained and commented out'
